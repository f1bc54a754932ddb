// The front door of networks that read tiles: what it stitches against the published prediction on the CPU, and its promises about tilings, progress,
// signals, parallel calls and lost devices. The networks are DilatedNets of a few channels, whose tiles cost next to nothing.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError, ErrorCode } from '../../src/errors.ts';
import { BufferUsage, TextureUsage } from '../../src/gpu/flags.ts';
import { readBuffer } from '../../src/gpu/transfer.ts';
import { constantReader } from '../../src/graph/constant.ts';
import type { Size } from '../../src/image/size.ts';
import { type Tiling, tilesOf } from '../../src/image/tiles.ts';
import type { LoadedWeights } from '../../src/load.ts';
import { dilatedNets, narrowed } from '../../src/models/dilatednet.ts';
import { anySize, expectedTensors, findNetwork } from '../../src/models/registry.ts';
import { nodeDevice, shaderLibrary } from '../../src/node/engine.ts';
import { checkWeights } from '../../src/recognise.ts';
import { argmax } from '../../src/reference/classify.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { tile } from '../../src/reference/preprocess.ts';
import { run } from '../../src/reference/run.ts';
import { zoom } from '../../src/reference/zoom.ts';
import { type Parts, type Pixels, type Progress, Segmenter, type SegmentOptions, type SegmentResult } from '../../src/segmenter.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { watchMade } from './alive.ts';
import { parts as tiny } from './tiny.ts';

const CLASSES = 3;
const library = await shaderLibrary();

/** Every layer of a published network with four or eight channels; with this seed each finds several classes in the pictures below. */
function weightsOf(name: string, channels = CLASSES, seed = 'a'): LoadedWeights {
  const network = findNetwork(name);
  const hidden = [...narrowed(dilatedNets.get(name)!, 1).keys()];
  const widths = new Map(hidden.map(layer => [layer, layer.startsWith('fc') ? 8 : 4]));
  const expected = expectedTensors(network.build({ classes: channels, ...anySize(network), widths }));
  // The transposed convolution's are left out, as files may: what loads weights makes them.
  const seeded = [...expected].filter(([key]) => key !== 'ctx_upsample.weight');
  return checkWeights(new Map(seeded.map(([key, shape]) => [key, seededTensor(`${seed}${key}`, shape)])), name, null, name);
}

/** Blocks of colour, so that the fields of cells differ. */
function picture(name: string, { h, w }: Size, block: number): Pixels {
  const across = Math.ceil(w / block);
  const colours = uniform(name, across * Math.ceil(h / block) * 4);
  const data = Uint8Array.from({ length: h * w * 4 }, (_, n) => {
    const [channel, x, y] = [n % 4, Math.floor(n / 4) % w, Math.floor(n / 4 / w)];
    return colours[(Math.floor(y / block) * across + Math.floor(x / block)) * 4 + channel] * 256;
  });
  return { data, height: h, width: w };
}

/** Each is made once: it takes a second. */
const predictions = new Map<string, ReturnType<typeof predictAnew>>();
function predict(weights: LoadedWeights, source: Pixels, tiling: Tiling): ReturnType<typeof predictAnew> {
  const key = JSON.stringify([
    weights.network.canonical,
    weights.network.end,
    source.height,
    [...source.data.subarray(0, 64)],
    tiling,
  ]);
  const known = predictions.get(key) ?? predictAnew(weights, source, tiling);
  predictions.set(key, known);
  return known;
}

/** The published prediction with its tiles one after another: the network's own probabilities stitched, brought to pixels and cut to the picture. */
function predictAnew(
  { network, tensors, card }: LoadedWeights,
  source: Pixels,
  tiling: Tiling,
): { prob: Field; pixels: Field; classes: Uint8Array } {
  const picture = { h: source.height, w: source.width };
  const { size, step, margin, rows, columns } = tilesOf(picture, network.tile!, tiling);
  const { mean, std, channels } = card.preprocessing;
  const graph = network.build(size);
  const read = constantReader(tensors, toFloat64);
  const probs = Array.from({ length: rows * columns }, (_, n) => {
    const place = { margin, top: Math.floor(n / columns) * step.h, left: (n % columns) * step.w };
    const input = tile(source, size, { mean, std, channels: channels! }, place);
    return run(graph, input, read, { taps: ['prob'] }).get('prob')!;
  });
  const { c, h, w } = probs[0];
  const whole = field({ c, h: rows * h, w: columns * w });
  const stitched = mapField(whole, (channel, y, x) => {
    const part = probs[Math.floor(y / h) * columns + Math.floor(x / w)];
    return part.data[(channel * h + (y % h)) * w + (x % w)];
  });
  const cut = (channel: number, y: number, x: number): number => stitched.data[(channel * whole.h + y) * whole.w + x];
  const zooms = network.grid!.end === 'zoom';
  const pixels = zooms ? zoom(stitched, { scale: 8, ...picture }) : mapField(field({ c, ...picture }), cut);
  return { prob: zooms ? stitched : pixels, pixels, classes: Uint8Array.from(argmax(pixels).data) };
}

function mapField(shape: Field, at: (c: number, y: number, x: number) => number): Field {
  const { h, w } = shape;
  return field(
    shape,
    shape.data.map((_, n) => at(Math.floor(n / (h * w)), Math.floor(n / w) % h, n % w)),
  );
}

/** Textures and buffers of the shared device that are alive, by what they are called. */
const alive = new Map<object, string>();
const shared = await nodeDevice().then(
  ({ device }) => device,
  error => console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = shared ? test : test.skip;
if (shared) {
  const known = new Map<string, Promise<GPUComputePipeline>>();
  const compile = shared.createComputePipelineAsync.bind(shared);
  // A software adapter compiles for seconds; equal labels are equal programs.
  shared.createComputePipelineAsync = descriptor => {
    const pipeline = known.get(descriptor.label!) ?? compile(descriptor);
    known.set(descriptor.label!, pipeline);
    return pipeline;
  };
  watchMade(shared, alive);
}
test.after(() => shared?.destroy());

function open(weights: Pick<Parts, 'network' | 'tensors' | 'card'>, changes: Partial<Parts> = {}): Promise<Segmenter> {
  const choice = { library, precision: 'f32', variants: 'auto', openDevice: async () => shared!, borrowed: true } as const;
  return Segmenter.create({ ...weights, ...choice, ...changes });
}

async function fails(work: Promise<unknown>, code: ErrorCode, ...parts: string[]): Promise<AtrousError> {
  const error = await work.then(
    () => assert.unreachable(`no ${code}`),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const part of parts) assert.ok(error.message.includes(part), `"${part}" is not in: ${error.message}`);
  return error;
}

/** Share of equal elements. */
function share(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.is(a.length, b.length);
  return Array.from(a).filter((value, n) => value === b[n]).length / a.length;
}

function same({ classes, scores }: SegmentResult, expected: ReturnType<typeof predict>, most: number, least: number): void {
  const { prob } = expected;
  assert.equal([scores!.c, scores!.h, scores!.w], [prob.c, prob.h, prob.w]);
  const worst = scores!.data.reduce((max, value, n) => Math.max(max, Math.abs(value - prob.data[n])), 0);
  assert.ok(worst <= most, `probabilities are off by up to ${worst.toExponential(1)}, allowed is ${most}`);
  const equal = share(classes, expected.classes);
  assert.ok(equal >= least, `${(equal * 100).toFixed(2)} % of the classes are equal`);
  assert.ok(new Set(expected.classes).size > 1, 'one class everywhere proves little');
}

/** 7×4 cells a tile, so that this picture takes four, of which three overhang it. */
const TILE = { height: 428, width: 404 };
const SIZE = { h: 100, w: 50 };
const street = picture('street', SIZE, 16);
const camvid = weightsOf('dilation8_camvid');

for (const name of ['dilation8_camvid', 'dilation8_pascal_voc', 'dilation10_cityscapes', 'frontend_kitti']) {
  gpu(`${name}: four tiles, stitched as published`, async () => {
    const weights = weightsOf(name);
    const model = await open(weights);
    const result = await model.segment(street, { tile: TILE, scores: true });
    const expected = predict(weights, street, TILE);
    same(result, expected, 1e-4, 0.999);
    const { info } = result;
    assert.equal([info.model, info.height, info.width, info.tiles], [name, TILE.height, TILE.width, 4]);
    const { data, h, w, cell } = result.scores!;
    const side = weights.network.grid!.end === 'zoom' ? 8 : 1;
    assert.equal(cell, { height: side, width: side });
    for (const [x, y] of [
      [0, 0],
      [15, 8],
      [49, 99],
    ]) {
      const { index, probability } = result.at(x, y);
      assert.is(probability, data[(index * h + Math.floor(y / side)) * w + Math.floor(x / side)], `(${x}, ${y})`);
    }
    assert.equal(model.plan.size, [TILE.height, TILE.width]);
    await model.dispose();
  });
}

gpu('none: the picture is one tile, and that is another prediction near the seams', async () => {
  for (const name of ['dilation8_camvid', 'dilation10_cityscapes']) {
    const weights = weightsOf(name);
    const model = await open(weights);
    const result = await model.segment(street, { tile: 'none', scores: true });
    const expected = predict(weights, street, 'none');
    same(result, expected, 1e-4, 0.999);
    assert.equal([result.info.tiles, result.info.height, result.info.width], [1, 476, 428]);
    const tiled = predict(weights, street, TILE);
    assert.ok(share(expected.classes, tiled.classes) < 0.99, 'seams change nothing here, so this proves nothing');
    await model.dispose();
  }
});

// With other seeds Cityscapes' context module, one channel wide, is silent behind its ReLU.
for (const [name, seed] of [
  ['frontend_kitti', 'a'],
  ['dilation10_cityscapes', 'j'],
]) {
  gpu(`${name} with a single channel: its sigmoid, zoomed or grown, and a threshold of each call`, async () => {
    const weights = weightsOf(name, 1, seed);
    assert.equal(weights.card.classes, ['background', 'foreground']);
    const model = await open(weights);
    const { prob, pixels } = predict(weights, street, TILE);
    const [least, most] = [Math.min(...pixels.data), Math.max(...pixels.data)];
    for (const part of [0.3, 0.7]) {
      const threshold = least + part * (most - least);
      const result = await model.segment(street, { tile: TILE, scores: true, threshold });
      const classes = Uint8Array.from(argmax(pixels, { threshold, activation: 'none' }).data);
      same(result, { prob, pixels, classes }, 1e-4, 0.998);
      assert.is(result.info.threshold, threshold);
    }
    await model.dispose();
  });
}

gpu('half storage', async () => {
  const model = await open(camvid, { precision: 'half' });
  same(await model.segment(street, { tile: TILE, scores: true }), predict(camvid, street, TILE), 5e-2, 0.98);
  await model.dispose();
});

/** Two by two tiles of the least cost, of a network without a context module, which would be all zeros beyond a single cell. */
const SMALL = { height: 380, width: 380 };
const front = weightsOf('frontend_kitti');
const small = (name: string): Pixels => picture(name, { h: 13, w: 9 }, 2);

gpu('progress: compiling, then tile by tile; of one tile nothing is said', async () => {
  const model = await open(front);
  const seen: Progress[] = [];
  const onProgress = (progress: Progress): void => void seen.push(progress);
  await model.prepare({ height: 13, width: 9 }, { tile: SMALL, onProgress });
  assert.ok(seen.length > 0 && seen.every(({ phase }) => phase === 'compile'));
  assert.equal(
    seen.map(({ done, total }) => [done, total]),
    seen.map((_, n) => [n + 1, seen.length]),
    'once from nothing to all, over the tile’s plan and the end’s',
  );
  seen.length = 0;
  await model.segment(small('a'), { tile: SMALL, onProgress });
  assert.equal(
    seen,
    [1, 2, 3, 4].map(done => ({ phase: 'tile', done, total: 4 })),
  );
  seen.length = 0;
  await model.segment(small('a'), { tile: 'none', onProgress });
  assert.equal(
    seen.filter(({ phase }) => phase !== 'compile'),
    [],
  );
  await model.dispose();
});

gpu('a signal stops between tiles, and the next call starts anew', async () => {
  const model = await open(front);
  const expected = await model.segment(small('a'), { tile: SMALL, scores: true });
  const controller = new AbortController();
  const tiles: number[] = [];
  const stopped = model.segment(small('b'), {
    tile: SMALL,
    scores: true,
    signal: controller.signal,
    onProgress({ done }) {
      tiles.push(done);
      controller.abort('enough');
    },
  });
  await fails(stopped, 'ABORTED', 'enough');
  assert.equal(tiles, [1], 'no tile after the signal');
  assert.equal((await model.segment(small('a'), { tile: SMALL, scores: true })).scores, expected.scores);

  const other = new AbortController();
  let ended = false;
  const first = model.segment(small('a'), { tile: SMALL, scores: true }).finally(() => {
    ended = true;
  });
  const waiting = model.segment(small('b'), {
    tile: SMALL,
    scores: true,
    signal: other.signal,
    onProgress: () => assert.unreachable('a tile'),
  });
  const last = model.segment(small('b'), { tile: SMALL, scores: true });
  // By now all three are in line.
  await new Promise(resolve => setTimeout(resolve));
  other.abort();
  await fails(waiting, 'ABORTED');
  assert.not(ended, 'it did not wait for its turn');
  assert.equal((await first).scores, expected.scores, 'a call that waited for its turn takes no other along');
  assert.equal(
    (await last).scores,
    (await model.segment(small('b'), { tile: SMALL, scores: true })).scores,
    'and the line goes on',
  );
  await fails(model.segment(small('a'), { tile: SMALL, signal: AbortSignal.abort() }), 'ABORTED');
  await model.dispose();
});

gpu('calls at once take turns: no tile of one picture gets into another', async () => {
  const model = await open(front);
  const names = ['a', 'b', 'c'];
  const expected = names.map(name => predict(front, small(name), SMALL));
  assert.ok(share(expected[0].prob.data, expected[1].prob.data) < 0.1, 'the pictures look alike to the network');
  const together = await Promise.all(names.map(name => model.segment(small(name), { tile: SMALL, scores: true })));
  for (const [n, { scores }] of together.entries()) {
    const worst = scores!.data.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[n].prob.data[i])), 0);
    assert.ok(worst < 1e-4, `picture ${names[n]}: ${worst}`);
  }
  const camera = { ...small('a'), data: small('a').data.slice() };
  const frames = [model.segment(camera, { tile: SMALL })];
  camera.data.set(small('b').data);
  frames.push(model.segment(camera, { tile: SMALL }));
  camera.data.fill(0);
  const seen = (await Promise.all(frames)).map(({ classes }) => classes);
  assert.equal(seen, [together[0].classes, together[1].classes], 'the pixels are those of the call');
  // All tiles in one encoder of the caller's, and two pictures in one submission.
  const encoder = shared!.createCommandEncoder();
  const maps = ['a', 'b'].map(name => {
    const { data, width, height } = small(name);
    const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
    const texture = shared!.createTexture({ size: [width, height], format: 'rgba8unorm', usage });
    shared!.queue.writeTexture({ texture }, data as Uint8Array<ArrayBuffer>, { bytesPerRow: width * 4 }, [width, height]);
    const into = shared!.createTexture({
      size: [width, height],
      format: 'r8uint',
      usage: TextureUsage.COPY_DST | TextureUsage.COPY_SRC,
    });
    return model.encode(encoder, texture, into);
  });
  shared!.queue.submit([encoder.finish()]);
  const bytesPerRow = Math.ceil(maps[0].width / 256) * 256;
  for (const [n, map] of maps.entries()) {
    const buffer = shared!.createBuffer({ size: bytesPerRow * map.height, usage: BufferUsage.COPY_SRC | BufferUsage.COPY_DST });
    const copying = shared!.createCommandEncoder();
    copying.copyTextureToBuffer({ texture: map }, { buffer, bytesPerRow }, [map.width, map.height]);
    shared!.queue.submit([copying.finish()]);
    const bytes = new Uint8Array(await readBuffer(shared!, buffer));
    const found = seen[n].map((_, i) => bytes[Math.floor(i / map.width) * bytesPerRow + (i % map.width)]);
    assert.equal(found, seen[n], `encoded, picture ${n}`);
    buffer.destroy();
  }
  const going = model.segment(small('a'), { tile: SMALL, scores: true });
  await model.dispose();
  assert.equal((await going).scores!.data, together[0].scores!.data, 'a call under way ends well');
});

gpu('three tilings are kept, scores apart, and dispose leaves nothing', async () => {
  const before = [...alive.values()];
  const model = await open(front);
  const frames = (): number => [...alive.values()].filter(label => label === 'frame').length;
  const prepare = (options: SegmentOptions): Promise<void> => model.prepare({ height: 13, width: 9 }, options);
  await prepare({ tile: SMALL });
  await prepare({ tile: { ...SMALL } });
  assert.is(frames(), 1, 'the same tiling is the same entry');
  await prepare({ tile: SMALL, scores: true });
  await prepare({ tile: { height: 388, width: 380 } });
  assert.is(frames(), 3);
  assert.equal(model.plan.size, [388, 380]);
  await prepare({ tile: 'none' });
  assert.is(frames(), 3, 'the oldest is gone');
  assert.equal(model.plan.size, [388, 388]);
  const [plain, scored] = [
    await model.segment(small('a'), { tile: SMALL }),
    await model.segment(small('a'), { tile: SMALL, scores: true }),
  ];
  assert.equal([plain.scores, plain.classes], [null, scored.classes]);
  await model.dispose();
  assert.equal([...alive.values()], before);
});

gpu('options of the other kind of network, and tiles that do not fit', async () => {
  const model = await open(front);
  const whole = await open(tiny);
  const source = small('a');
  const size = { height: 400, width: 400 };
  await fails(model.segment(source, { size }), 'BAD_USAGE', 'size', 'frontend_kitti', '`tile`');
  await fails(model.prepare(size, { size }), 'BAD_USAGE', 'size', '`tile`');
  await fails(whole.segment(source, { tile: 'published' }), 'BAD_USAGE', 'tile: tiny', 'at once');
  await fails(whole.segment(source, { tile: 'none', scores: true }), 'BAD_USAGE', 'tile: tiny');
  for (const [height, width, ...parts] of [
    [650, 644, '650x644', '650 pixels', 'leave 278', 'multiple of 8', '652 would do'],
    [644, 379, '644x379', '379 pixels', 'leave 7', '380 would do'],
    [644, 100, '644x100', '100 pixels', '380 would do'],
  ] as const)
    await fails(model.segment(source, { tile: { height, width } }), 'BAD_USAGE', ...parts);
  for (const tiling of ['all', null, {}, 644, { height: Number.NaN, width: 644 }, { height: 388.5, width: 396 }]) {
    const wrong = model.segment(source, { tile: tiling as unknown as Tiling });
    await fails(wrong, 'BAD_USAGE', 'published', 'none', 'height');
  }
  await fails(model.segment(source, { tile: { height: 80_372, width: 80_372 } }), 'LIMIT');
  await model.segment(source, { tile: SMALL });
  await Promise.all([model.dispose(), whole.dispose()]);
});

gpu('a device that is lost between tiles is replaced and the picture done anew', async () => {
  const devices: GPUDevice[] = [];
  const model = await open(front, {
    borrowed: false,
    async openDevice() {
      const { device } = await nodeDevice();
      devices.push(device);
      return device;
    },
  });
  const tiles: number[] = [];
  const result = await model.segment(small('a'), {
    tile: SMALL,
    scores: true,
    onProgress({ phase, done }) {
      if (phase !== 'tile') return;
      tiles.push(done);
      if (tiles.length === 2) devices[0].destroy();
    },
  });
  assert.is(devices.length, 2);
  assert.equal(tiles.slice(-4), [1, 2, 3, 4]);
  const expected = predict(front, small('a'), SMALL).prob;
  const worst = result.scores!.data.reduce((max, value, n) => Math.max(max, Math.abs(value - expected.data[n])), 0);
  assert.ok(worst < 1e-4, `${worst}`);
  await model.dispose();
});

test.run();
