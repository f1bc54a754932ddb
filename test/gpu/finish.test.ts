// What is drawn and counted behind a plan, on a device: every form against its slow twin, in sizes that are no whole rows of 256 bytes.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countPixels } from '../../src/gpu/count.ts';
import { createEngine, destroyEngine } from '../../src/gpu/executor.ts';
import { createFinisher } from '../../src/gpu/finish.ts';
import { TextureUsage } from '../../src/gpu/flags.ts';
import { readTexture } from '../../src/gpu/transfer.ts';
import type { Look } from '../../src/image/look.ts';
import { histogram } from '../../src/image/statistics.ts';
import { vocPalette } from '../../src/models/palettes.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { overlay } from '../../src/reference/overlay.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';

const judge = await deviceJudge();
const gpu = judge ? test : test.skip;
const device = judge?.device as GPUDevice;
const engine = judge ? createEngine(device, fileLibrary()) : null;
test.after(() => {
  if (engine) destroyEngine(engine);
  judge?.close();
});

const CLASSES = 5;

/** Blocks of classes, so that there are insides, edges and corners. */
function classMap(name: string, h: number, w: number): Uint8Array<ArrayBuffer> {
  const blocks = uniform(name, 64);
  return Uint8Array.from({ length: h * w }, (_, n) => {
    const [y, x] = [Math.floor(n / w), n % w];
    return Math.floor(blocks[(Math.floor(y / 6) * 8 + Math.floor(x / 7)) % 64] * CLASSES);
  });
}

function picture(name: string, h: number, w: number) {
  return { data: Uint8Array.from(uniform(name, h * w * 4), u => u * 256), width: w, height: h };
}

function texture({ data, width, height }: ReturnType<typeof picture>): GPUTexture {
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  const made = device.createTexture({ size: [width, height], format: 'rgba8unorm', usage });
  device.queue.writeTexture({ texture: made }, data, { bytesPerRow: width * 4 }, [width, height]);
  return made;
}

const none = { kind: 'none' } as const;
const plain: Look = {
  palette: vocPalette(CLASSES),
  chosen: Array(CLASSES).fill(true),
  opacity: 0.6,
  outline: null,
  background: none,
};
const some = [false, true, false, true, true];

const looks: [string, [h: number, w: number], Look, [h: number, w: number]?][] = [
  ['all classes', [9, 13], plain],
  ['one pixel', [1, 1], plain],
  ['a row of more than 64 pixels', [3, 70], plain],
  ['some classes', [20, 31], { ...plain, chosen: some, opacity: 0.3 }],
  ['nothing but the picture', [7, 8], { ...plain, opacity: 0 }],
  ['outlines in a colour', [20, 31], { ...plain, outline: { width: 2, colour: [255, 255, 0] } }],
  ['outlines of some classes in their own', [21, 30], { ...plain, opacity: 0, chosen: some, outline: { width: 1, colour: null } }],
  ['before a colour', [12, 20], { ...plain, opacity: 0, chosen: some, background: { kind: 'colour', colour: [10, 200, 30, 255] } }],
  ['before a wider picture', [12, 20], { ...plain, opacity: 0, chosen: some, background: { kind: 'picture' } }, [5, 40]],
  ['before a higher picture', [12, 20], { ...plain, chosen: some, background: { kind: 'picture' } }, [50, 9]],
  [
    'before a colour, by a matte',
    [9, 13],
    { ...plain, opacity: 0, matte: true, background: { kind: 'colour', colour: [10, 200, 30, 255] } },
  ],
  [
    'before a picture, by a matte, tinted',
    [12, 70],
    { ...plain, opacity: 0.3, matte: true, background: { kind: 'picture' } },
    [5, 40],
  ],
  [
    'before itself, blurred, by a matte',
    [19, 33],
    { ...plain, opacity: 0, matte: true, background: { kind: 'blur', deviation: 2.5 } },
  ],
  ['before itself, blurred', [19, 33], { ...plain, opacity: 0, chosen: some, background: { kind: 'blur', deviation: 2.5 } }],
];

for (const [name, [h, w], look, other] of looks) {
  gpu(`draw: ${name}`, async () => {
    const finisher = createFinisher(engine!);
    const frame = picture(`${name} picture`, h, w);
    const behind = other ? picture(`${name} behind`, ...other) : null;
    const classes = look.matte ? Uint8Array.from(uniform(name, h * w), u => u * 256) : classMap(name, h, w);
    const usage = TextureUsage.COPY_DST | TextureUsage.COPY_SRC;
    const target = device.createTexture({ size: [w, h], format: 'rgba8unorm', usage });
    const back = behind && texture(behind);
    await finisher.draw(look, texture(frame), finisher.upload(classes, { h, w }), back, () => target);
    const found = await readTexture(device, target);
    const expected = overlay(frame, classes, look, behind);
    // The blur is stored in eight bits between its axes here and there; a filter's sums may round to the next step.
    const worst = found.reduce((most, value, n) => Math.max(most, Math.abs(value - expected[n])), 0);
    assert.ok(worst <= 1, `the worst channel is ${worst} steps off`);
    assert.ok(new Set(expected).size > 1 || h * w === 1);
    sat('device', judge!.who);
  });
}

gpu('a matte before nothing is the alpha, multiplied in', async () => {
  const finisher = createFinisher(engine!);
  const frame = picture('cut out', 2, 2);
  const target = device.createTexture({ size: [2, 2], format: 'rgba8unorm', usage: TextureUsage.COPY_DST | TextureUsage.COPY_SRC });
  const background = { kind: 'colour', colour: [0, 0, 0, 0] } as const;
  const matte = Uint8Array.of(0, 51, 204, 255);
  const look: Look = { ...plain, opacity: 0, matte: true, background };
  await finisher.draw(look, texture(frame), finisher.upload(matte, { h: 2, w: 2 }), null, () => target);
  const expected = [...matte].flatMap((alpha, n) => [
    ...[0, 1, 2].map(c => Math.round((frame.data[n * 4 + c] * alpha) / 255)),
    alpha,
  ]);
  assert.equal([...(await readTexture(device, target))], expected);
});

gpu('a background with alpha is multiplied in, as canvases have it', async () => {
  const finisher = createFinisher(engine!);
  const frame = picture('alpha', 6, 6);
  const classes = new Uint8Array(36).fill(1, 18);
  const target = device.createTexture({ size: [6, 6], format: 'rgba8unorm', usage: TextureUsage.COPY_DST | TextureUsage.COPY_SRC });
  const background = { kind: 'colour', colour: [200, 100, 50, 128] } as const;
  const look = { ...plain, opacity: 0, chosen: [true, false], background };
  await finisher.draw(look, texture(frame), finisher.upload(classes, { h: 6, w: 6 }), null, () => target);
  const found = await readTexture(device, target);
  assert.equal([...found.subarray(18 * 4, 19 * 4)], [100, 50, 25, 128]);
  assert.equal([...found.subarray(0, 3), found[3]], [...frame.data.subarray(0, 3), 255]);
});

for (const [h, w] of [
  [1, 1],
  [7, 64],
  [5, 65],
  [30, 200],
]) {
  gpu(`shares: ${h}×${w}`, async () => {
    const finisher = createFinisher(engine!);
    const classes = classMap(`shares ${h}`, h, w);
    assert.equal(await countPixels(engine!, finisher.upload(classes, { h, w })), histogram(classes));
    sat('device', judge!.who);
  });
}

test.run();
