// Results on canvases, by pixels read back: each option against the slow truth, with WebGPU, in 2-D and off screen; what is refused, and by whom.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Look } from '../../src/image/look.ts';
import { overlay } from '../../src/reference/overlay.ts';
import { closeBrowser, crop, openPage } from './harness.ts';

test.after(closeBrowser);

const pixels = await crop(63, 127);
const other = await crop(40, 50);

/** What is asked for, and what it means; `other` stands for a second picture. */
const CASES: Record<string, { options: object; look: Partial<Omit<Look, 'chosen'>> & { chosen?: number[] } }> = {
  default: { options: {}, look: {} },
  opacity: { options: { opacity: 0.25 }, look: { opacity: 0.25 } },
  classes: { options: { classes: ['Road', 1] }, look: { chosen: [1] } },
  outlines: { options: { outlines: true }, look: { outline: { width: 2, colour: null } } },
  'white outlines': {
    options: { opacity: 0, outlines: { width: 1, colour: 'rgb(255 255 255)' } },
    look: { opacity: 0, outline: { width: 1, colour: [255, 255, 255] } },
  },
  'before a colour': {
    options: { classes: [0, 1, 2], background: 'rebeccapurple' },
    look: { opacity: 0, chosen: [0, 1, 2], background: { kind: 'colour', colour: [102, 51, 153, 255] } },
  },
  'before a picture': {
    options: { classes: [0, 1, 2], background: 'other' },
    look: { opacity: 0, chosen: [0, 1, 2], background: { kind: 'picture' } },
  },
  'before itself, blurred': {
    options: { classes: [0, 1, 2], opacity: 0.5, background: { blur: 3 } },
    look: { opacity: 0.5, chosen: [0, 1, 2], background: { kind: 'blur', deviation: 3 } },
  },
};

test('draw: each option on each canvas', async () => {
  const page = await openPage();
  const asked = Object.entries(CASES).map(([name, { options }]) => ({ name, options }));
  const found = await page.evaluate(
    async ({ pixels, other, asked }) => {
      const model = await atrous.load('regseg-camvid', { precision: 'f32' });
      const source = new ImageData(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height);
      const result = await model.segment(source);
      const road = model.labels.findIndex(label => /road/i.test(label));
      const read = (canvas: HTMLCanvasElement | OffscreenCanvas): Uint8ClampedArray => {
        const flat = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
        flat.drawImage(canvas, 0, 0);
        return flat.getImageData(0, 0, canvas.width, canvas.height).data;
      };
      const flat = document.createElement('canvas');
      flat.getContext('2d');
      const canvases = { webgpu: document.createElement('canvas'), '2d': flat, offscreen: new OffscreenCanvas(1, 1) };
      const drawn = [];
      for (const { name, options } of asked) {
        const own = { ...options } as { classes?: unknown[]; background?: unknown };
        if (own.background === 'other') own.background = other;
        if (own.classes) own.classes = own.classes.map(wanted => (wanted === 'Road' ? model.labels[road] : wanted));
        for (const [kind, canvas] of Object.entries(canvases)) {
          await result.draw(canvas, own as object);
          drawn.push({ name, kind, data: read(canvas), context: canvas.getContext('2d') ? '2d' : 'webgpu' });
        }
      }
      const errors: string[] = [];
      const refused = async (work: Promise<unknown>): Promise<void> =>
        work.then(
          () => errors.push('nothing'),
          error => errors.push(`${error.code}: ${error.message}`),
        ) as Promise<never>;
      const draw = (options: object, canvas: unknown = canvases.webgpu): Promise<void> =>
        refused(result.draw(canvas as HTMLCanvasElement, options));
      await draw({}, document.createElement('div'));
      await draw({ opactiy: 1 });
      await draw({ opacity: 2 });
      await draw({ classes: ['unicorn'] });
      await draw({ palette: [[0, 0, 0]] });
      await draw({ outlines: { width: 99 } });
      await draw({ outlines: { colour: 'blurple' } });
      await draw({ background: 'white' });
      await draw({ classes: [0], background: { blur: -1 } });
      await draw({ classes: [0], background: new Image() });
      const three = document.createElement('canvas');
      three.getContext('webgl2');
      await draw({}, three);
      const bitmap = await createImageBitmap(source);
      const ofBitmap = await model.segment(bitmap);
      bitmap.close();
      await refused(ofBitmap.draw(canvases.webgpu));
      const only = await model.segment(source, { output: 'texture' });
      await only.draw(canvases.webgpu);
      const fromTexture = read(canvases.webgpu);
      await model.dispose();
      await refused(result.draw(canvases.webgpu));
      const { classes, palette, labels } = result;
      return { drawn, errors, classes, palette, labels, road, fromTexture };
    },
    { pixels, other, asked },
  );
  const expectedOf = (name: string): Uint8ClampedArray => {
    const { look } = CASES[name];
    const wanted = look.chosen && (name === 'classes' ? [found.road, 1] : look.chosen);
    const chosen = found.labels.map((_, index) => wanted?.includes(index) ?? true);
    const plain = { palette: found.palette, opacity: 0.6, outline: null, background: { kind: 'none' } } as const;
    return overlay(pixels, found.classes, { ...plain, ...look, chosen }, other);
  };
  const worst = (a: ArrayLike<number>, b: Uint8ClampedArray): number =>
    b.reduce((most, value, n) => Math.max(most, Math.abs(value - a[n])), 0);
  for (const { name, kind, data, context } of found.drawn) {
    assert.is(data.length, 63 * 127 * 4);
    assert.is(context, kind === '2d' ? '2d' : 'webgpu');
    assert.ok(worst(data, expectedOf(name)) <= 2, `${name}, ${kind}: ${worst(data, expectedOf(name))} steps off`);
  }
  assert.is(found.drawn.length, 3 * Object.keys(CASES).length);
  assert.ok(worst(found.fromTexture, expectedOf('default')) <= 2, 'a result whose classes are a texture');
  const said = [
    /^BAD_USAGE: draw\(\): the canvas is HTMLDivElement/,
    /^BAD_USAGE: .*no option "opactiy": there are opacity/,
    /^BAD_USAGE: opacity is 2: it takes a number from 0 to 1/,
    /^BAD_USAGE: .*no class "unicorn"/,
    /^BAD_USAGE: .*palette has 1 colours: give one for each of the 11/,
    /^BAD_USAGE: width is 99: it takes a whole number from 1 to 16/,
    /^BAD_USAGE: .*outlines\.colour is "blurple"/,
    /^BAD_USAGE: .*background.*say which in classes/,
    /^BAD_USAGE: .*blur is -1/,
    /^BAD_IMAGE: draw\(\): background: the <img> has no picture/,
    /^BAD_USAGE: .*neither WebGPU nor 2-D/,
    /^BAD_IMAGE: draw\(\): the picture of this result: the ImageBitmap is closed/,
    /^DISPOSED: /,
  ];
  assert.is(found.errors.length, said.length);
  for (const [n, pattern] of said.entries()) {
    assert.match(found.errors[n], pattern, found.errors[n]);
    assert.ok(found.errors[n].length <= 300, found.errors[n]);
  }
});

test.run();
