// Several models in one page, on one device and on two; a device that is lost; and what is no picture, from any kind of source.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { agreement, closeBrowser, crop, nodeModel, openPage, root } from './harness.ts';

test.after(closeBrowser);

const pixels = await crop(32, 64);

test('two models on one device and on two, draw on one canvas; a lost device is replaced', async () => {
  const page = await openPage();
  const found = await page.evaluate(async ({ data, width, height }) => {
    const devices: GPUDevice[] = [];
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...options) {
      const device = await request.apply(this, options);
      devices.push(device);
      return device;
    };
    const load = (device?: GPUDevice) => atrous.load('regseg-camvid', { precision: 'f32', device });
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    canvas.getContext('2d')!.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
    const first = await load();
    const [device] = devices;
    const [second, third] = await Promise.all([load(device), load()]);
    const shown = document.createElement('canvas');
    const results = [];
    for (const result of await Promise.all([first, second, third].map(model => model.segment(canvas)))) {
      await result.draw(shown);
      results.push(result.classes);
    }
    // The second model's classes stay on its device: a texture of that device is read, another's is refused.
    const { texture } = await second.segment(canvas, { output: 'texture' });
    const shares = await (await second.segment(canvas, { output: 'texture' })).shares();
    const frame = device.createTexture({
      size: [width, height],
      format: 'rgba8unorm',
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT,
    });
    device.queue.copyExternalImageToTexture({ source: canvas }, { texture: frame }, [width, height]);
    const ofTexture = await second.segment(frame);
    const refused = await third.segment(frame).then(
      () => 'nothing',
      error => `${error.code}: ${error.message}`,
    );
    // The page is told that a device is lost; ours is replaced, the caller's is not.
    devices[1].destroy();
    device.destroy();
    const again = await third.segment(canvas);
    await again.draw(shown);
    const borrowed = await second.segment(canvas).then(
      () => 'nothing',
      error => `${error.code}: ${error.message}`,
    );
    await Promise.all([first, second, third].map(model => model.dispose()));
    const made = devices.length;
    return {
      ...{ results, again: again.classes, copy: again.info.copy, refused, borrowed, made, shares },
      ...{ format: texture.format, ofTexture: ofTexture.classes, textureCopy: ofTexture.info.copy },
    };
  }, pixels);
  const expected = await (await nodeModel()).segment(pixels);
  for (const classes of [...found.results, found.again, found.ofTexture])
    assert.ok(agreement(classes, expected.classes) >= 0.999, `${agreement(classes, expected.classes)} of the pixels are equal`);
  assert.equal([found.copy, found.textureCopy, found.format, found.made], ['copy', 'texture', 'r8uint', 3]);
  assert.equal(Object.keys(found.shares), Object.keys(expected.shares()));
  assert.match(found.refused, /^BAD_IMAGE: the texture can't be read: it must be of the device that was passed to load/);
  assert.match(found.borrowed, /^DEVICE_LOST: the device that was passed in is lost/);
});

test('what is no picture: a coded error that says what it was, and nothing is left', async () => {
  const other = await openPage({ routes: { '/street.png': { file: `${root}demo/seed2_t0_480x360.png` } } });
  const foreign = `${other.server.origin}/street.png`;
  const page = await openPage();
  const found = await page.evaluate(
    async ({ foreign, pixels: { data, width, height } }) => {
      const model = await atrous.load('regseg-camvid', { precision: 'f32' });
      const image = new ImageData(new Uint8ClampedArray(data), width, height);
      const sized = (w: number, h: number) => Object.assign(document.createElement('canvas'), { width: w, height: h });
      const img = await new Promise<HTMLImageElement>(resolve => {
        const made = new Image();
        made.onload = () => resolve(made);
        made.src = foreign;
      });
      const tainted = sized(8, 8);
      tainted.getContext('2d')!.drawImage(img, 0, 0);
      const closed = await createImageBitmap(image);
      closed.close();
      const read = new Response(new Blob(['x']));
      await read.text();
      const transferred = new Uint8Array(width * height * 4);
      structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
      const sources: Record<string, unknown> = {
        'a foreign <img>': img,
        'a tainted canvas': tainted,
        'an empty canvas': sized(0, 5),
        'an <img> of nothing': new Image(),
        'an <img> that fails': Object.assign(new Image(), { src: '/missing.png' }),
        'a closed ImageBitmap': closed,
        'a Blob of text': new Blob(['hello'], { type: 'text/plain' }),
        'a missing Response': await fetch('/missing.png'),
        'a read Response': read,
        'a detached buffer': { data: transferred, width, height },
        'an element': document.body,
        'a wider space': { data, width, height, colorSpace: 'rec2020' },
      };
      const said: Record<string, string> = {};
      for (const [kind, source] of Object.entries(sources)) {
        said[kind] = await model.segment(source as ImageData).then(
          () => 'nothing',
          error => `${error.code}: ${error.message}`,
        );
      }
      const wide = new ImageData(image.data, width, height, { colorSpace: 'display-p3' });
      const canvas = sized(width, height);
      canvas.getContext('2d')!.putImageData(wide, 0, 0);
      // Drawn without its classes, it is what the network saw.
      const shown = sized(1, 1);
      await (await model.segment(wide)).draw(shown, { opacity: 0 });
      const flat = sized(width, height).getContext('2d')!;
      flat.drawImage(shown, 0, 0);
      const pixelsOf = (context: CanvasRenderingContext2D) => context.getImageData(0, 0, width, height).data;
      const seen = [pixelsOf(flat), pixelsOf(canvas.getContext('2d')!)];
      await model.dispose();
      return { said, seen };
    },
    { foreign, pixels },
  );
  const expected: Record<string, RegExp> = {
    'a foreign <img>': /HTMLImageElement shows what comes from another origin.*crossOrigin = "anonymous"/,
    'a tainted canvas': /HTMLCanvasElement shows what comes from another origin/,
    'an empty canvas': /canvas is 0 wide and 5 high/,
    'an <img> of nothing': /<img> has no picture: give it a src/,
    'an <img> that fails': /<img> has no picture: http.*missing\.png did not load/,
    'a closed ImageBitmap': /ImageBitmap is closed/,
    'a Blob of text': /Blob \(text\/plain, 5 bytes\) is no picture that this browser decodes/,
    'a missing Response': /Response of http.*missing\.png is 404/,
    'a read Response': /has been read already: give its Blob/,
    'a detached buffer': /0 bytes \(was its buffer transferred\?\)/,
    'an element': /of type HTMLBodyElement: give a video, VideoFrame, canvas/,
    'a wider space': /colorSpace is "rec2020": known are srgb and display-p3/,
  };
  assert.equal(Object.keys(found.said), Object.keys(expected));
  for (const [kind, message] of Object.entries(found.said)) {
    assert.match(message, /^BAD_IMAGE: /, kind);
    assert.match(message, expected[kind]);
    assert.ok(message.length <= 320, message);
  }
  const [ours, theirs] = found.seen;
  const worst = ours.reduce((most, value, n) => Math.max(most, Math.abs(value - theirs[n])), 0);
  assert.ok(worst <= 2, `display-p3 pixels are what a canvas makes of them: ${worst} steps off`);
  assert.ok(agreement(ours, pixels.data) < 0.9, 'and not what they were');
});

test.run();
