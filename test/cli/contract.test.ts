// What scripts rely on: files, JSON lines, tensors, metadata and exit codes of `segment`, `run`, `inspect`, `models` and `doctor`.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Audit } from '../../src/audit.ts';
import { commands } from '../../src/cli/main.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { decodeLabels } from '../../src/image/png.ts';
import { decodeWeights } from '../../src/load.ts';
import { dilatedNets } from '../../src/models/dilatednet.ts';
import { readImage } from '../../src/node/index.ts';
import { pipelineKey, pipelines, type Step } from '../../src/plan/plan.ts';
import { run as runReference } from '../../src/reference/run.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { type Tensor, toFloat32, toFloat64 } from '../../src/weights/tensor.ts';
import { at, cli, complained, home, listing, repository, said, save, saveInput, savePicture, WEIGHTS } from './harness.ts';
import { shareDevice } from './one-device.ts';

const known = await decodeWeights(readFileSync(WEIGHTS), WEIGHTS, {});
const done = await shareDevice();
const gpu = done ? test : test.skip;
test.after(() => done?.());
const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));

/** Classes of a picture by the reference, from the file alone. */
async function expectedClasses(file: string, size?: { h: number; w: number }): Promise<Uint8Array> {
  const { data, width: w, height: h } = await readImage(file);
  const { mean, std } = known.card.preprocessing;
  const planes = Float64Array.from({ length: 3 * h * w }, (_, n) => {
    const channel = Math.floor(n / (h * w));
    return (data[(n % (h * w)) * 4 + channel] / 255 - mean[channel]) / std[channel];
  });
  const graph = known.network.build({ classes: 11, h, w, to: size });
  return Uint8Array.from(
    runReference(graph, { c: 3, h, w, data: planes }, constantReader(known.tensors, toFloat64)).get('classes')!.data,
  );
}

function share(a: Uint8Array, b: Uint8Array): number {
  assert.is(a.length, b.length);
  return a.reduce((sum, value, n) => sum + Number(value === b[n]), 0) / a.length;
}

gpu('segment: a picture, into ./out', async () => {
  const picture = await savePicture('street.v2.png', 24, 32);
  const { code, out, err } = await cli('segment', 'street.v2.png');
  assert.is(code, 0, err);
  assert.equal(readdirSync(at('out')).sort(), ['street.v2.classes.png', 'street.v2.overlay.png']);
  for (const word of ['street.v2.png', '24x32', '11 classes', 'out/street.v2.classes.png', 'shares', ' ms'])
    assert.ok(out.includes(word), `${word} is not in: ${out}`);
  assert.equal(said(err), []);

  const bytes = readFileSync(at('out', 'street.v2.classes.png'));
  assert.equal([...bytes.subarray(16, 29)], [0, 0, 0, 32, 0, 0, 0, 24, 8, 3, 0, 0, 0], 'IHDR: 32 wide, 24 high, 8 bits, palette');
  const { data, width, height, palette } = await decodeLabels(bytes, 'classes');
  assert.equal([height, width], [24, 32]);
  assert.equal(palette!.slice(0, 11), known.card.palette);
  assert.ok(share(data, await expectedClasses(picture)) > 0.998, 'pixel value = class of the reference');
  const overlay = await readImage(at('out', 'street.v2.overlay.png'));
  assert.equal([overlay.height, overlay.width], [24, 32]);
});

gpu('segment: folders, JSON lines, and what each option changes', async () => {
  mkdirSync(at('pictures', 'deeper'), { recursive: true });
  await savePicture('pictures/b.png', 24, 32);
  await savePicture('pictures/A.jpg', 33, 47);
  await savePicture('pictures/deeper/c.png', 24, 32);
  const { code, out, err } = await cli('segment', 'pictures', '--json', '-o', 'new/er', '-m', 'regseg-camvid');
  assert.is(code, 0, err);
  const lines = out.trimEnd().split('\n');
  const objects = lines.map(line => JSON.parse(line));
  assert.is(objects.length, 3, out);
  for (const [n, [name, size]] of [
    ['A.jpg', '33x47'],
    ['b.png', '24x32'],
    ['deeper/c.png', '24x32'],
  ].entries()) {
    const { input, model, size: inside, ms, classes, overlay, shares, ...rest } = objects[n];
    assert.equal([input, model, inside, rest], [at('pictures', name), 'regseg-camvid', size, {}]);
    const stem = at('new', 'er', name.split('.')[0]);
    assert.equal([classes, overlay], [`${stem}.classes.png`, `${stem}.overlay.png`]);
    assert.ok(ms > 0);
    const values = Object.values(shares) as number[];
    assert.ok(Math.abs(values.reduce((sum, value) => sum + value) - 1) < 1e-9);
    assert.equal(
      values,
      [...values].sort((a, b) => b - a),
      'largest first',
    );
    assert.ok(Object.keys(shares).every(label => known.card.classes.includes(label)));
    assert.equal(Object.keys(objects[n]).join(), 'input,model,size,ms,classes,overlay,shares');
  }
  assert.ok(err.includes('wrote'), 'the rest is on stderr');

  const only = async (...options: string[]) => {
    const result = await cli('segment', 'pictures/b.png', '--json', '-o', options[0].slice(2), ...options);
    assert.is(result.code, 0, result.err);
    return { ...JSON.parse(result.out), files: readdirSync(at(options[0].slice(2))) };
  };
  const mask = await only('--mask');
  assert.equal([mask.files, mask.overlay], [['b.classes.png'], null]);
  const overlay = await only('--overlay');
  assert.equal([overlay.files, overlay.classes], [['b.overlay.png'], null]);
  assert.is((await only('--mask', '--overlay')).files.length, 2);
  const sized = await only('--size', '40x24', '--mask', '--weights', WEIGHTS);
  assert.is(sized.size, '40x24');
  const { height, width } = await decodeLabels(readFileSync(sized.classes), 'classes');
  assert.equal([height, width], [24, 32], 'classes at the picture’s own size');
});

gpu('segment: a bad picture in a folder is listed, the others are written', async () => {
  mkdirSync(at('mixed'));
  await savePicture('mixed/a.png', 24, 32);
  save('mixed/b.png', readFileSync(at('mixed', 'a.png')).subarray(0, 900));
  await savePicture('mixed/c.png', 24, 32);
  const { code, out, err } = await cli('segment', 'mixed', '-o', 'some', '--json', '--mask');
  assert.is(code, 1);
  assert.equal(readdirSync(at('some')).sort(), ['a.classes.png', 'c.classes.png']);
  const lines = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
  const failed = lines.filter(line => 'error' in line);
  assert.equal(
    [lines.length, failed.map(({ input, error: { code } }) => [input, code])],
    [3, [[at('mixed', 'b.png'), 'BAD_IMAGE']]],
  );
  const alone = await cli('segment', 'mixed/b.png', '--json');
  assert.is(alone.code, 1);
  assert.equal(JSON.parse(alone.out), failed[0], 'a picture by itself says the same');
  const [fault, ...more] = said(err).filter(line => line.startsWith('atrous: '));
  assert.ok(fault.includes(at('mixed', 'b.png')) && fault.includes('decoded') && more.length === 0, err);
  assert.match(err, /^1 of 3 pictures failed: b\.png$/m);
});

const TAPS = [
  'stem',
  'body.stage4',
  'body.stage16.3',
  'body.stage16.2.conv2.convs.1',
  'body.stage4.se.conv1',
  'decoder.head8',
  'decoder',
];

function readOutput(name: string): { tensors: ReadonlyMap<string, Tensor>; metadata: Map<string, string> } {
  return readSafetensors(readFileSync(at(name)), name);
}

/** The largest difference, on a scale where the largest expected value, or 1, is 1. */
function distance(seen: Tensor, expected: Tensor): number {
  assert.equal(seen.shape, expected.shape);
  const [a, b] = [toFloat32(seen), toFloat32(expected)];
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return a.reduce((worst, value, n) => Math.max(worst, Math.abs(value - b[n]) / scale), 0);
}

async function runs(output: string, ...words: string[]): Promise<ReturnType<typeof readOutput>> {
  const { code, out, err } = await cli('run', 'regseg-camvid', '--output', output, '--json', ...words);
  assert.is(code, 0, err);
  const line = JSON.parse(out);
  assert.is(line.output, at(output));
  const file = readOutput(output);
  for (const [fact, text] of file.metadata) assert.is(String(line[fact]), text, fact);
  if ('dispatches' in line) assert.type(line.dispatches, 'number');
  return file;
}

gpu('run: logits, classes and taps, on the adapter as on the CPU, at odd sizes', async () => {
  for (const [h, w] of [
    [33, 47],
    [1, 1],
    [5, 3],
  ] as const) {
    const input = saveInput(h, w);
    const taps = h > 5 ? TAPS : [];
    const words = ['--input', input, ...(taps.length ? ['--taps', taps.join()] : [])];
    const fast = await runs('gpu.safetensors', ...words);
    const slow = await runs('cpu.safetensors', '--backend', 'cpu', ...words);
    assert.equal([...fast.tensors.keys()].sort(), ['classes', 'logits', ...taps].sort());
    assert.equal([...slow.tensors.keys()].sort(), [...fast.tensors.keys()].sort());
    const { logits, classes } = Object.fromEntries(fast.tensors);
    assert.equal([logits.dtype, logits.shape], ['F32', [1, 11, h, w]]);
    assert.equal([classes.dtype, classes.shape], ['U8', [1, h, w]]);
    for (const name of ['logits', ...taps])
      assert.ok(distance(fast.tensors.get(name)!, slow.tensors.get(name)!) < 2e-4, `${name} at ${h}x${w}`);
    assert.ok(share(classes.bytes, slow.tensors.get('classes')!.bytes) > 0.998, `classes at ${h}x${w}`);
    assert.equal([...fast.metadata.keys()].sort(), ['adapter', 'backend', 'dispatches', 'plan', 'precision']);
    assert.equal([fast.metadata.get('backend'), fast.metadata.get('precision')], ['webgpu', 'f32']);
    assert.is(slow.metadata.get('backend'), 'cpu');
    if (taps.length === 0) continue;
    const plain = await runs('plain.safetensors', '--input', input);
    assert.equal(plain.tensors.get('classes'), classes, 'taps do not touch the classes');
    assert.equal([...plain.metadata], [...fast.metadata]);
  }
});

gpu('run: half', async () => {
  const input = saveInput(33, 47);
  const half = await runs('half.safetensors', '--input', input, '--precision', 'half');
  const slow = await runs('cpu.safetensors', '--input', input, '--backend', 'cpu');
  const error = distance(half.tensors.get('logits')!, slow.tensors.get('logits')!);
  assert.ok(error < 2e-2 && error > 1e-6, `${error}`);
  assert.is(half.metadata.get('precision'), 'half');
  assert.is(half.metadata.get('plan'), await inspectedPlan('33x47', 'half'));
});

async function inspectedPlan(size: string, precision: string): Promise<string> {
  const words = ['inspect', 'regseg-camvid', '--adapter', 'this', '--size', size, '--precision', precision];
  const { plan } = JSON.parse((await cli(...words, '--json')).out);
  const { out, err } = await cli(...words, '--plan');
  assert.match(out, new RegExp(`^plan: ${plan.hash}$`, 'm'));
  assert.equal(said(err), []);
  return plan.hash;
}

gpu('the plan of run is the one that inspect prints', async () => {
  const { metadata } = await runs('x.safetensors', '--input', saveInput(24, 32));
  assert.is(metadata.get('plan'), await inspectedPlan('24x32', 'f32'));
  const { out } = await cli('inspect', 'regseg', '--weights', WEIGHTS, '--size', '24x32', '--adapter', 'this', '--json');
  const { plan, adapter, classes } = JSON.parse(out);
  assert.equal([plan.hash, adapter, classes], [metadata.get('plan'), metadata.get('adapter'), 11]);
  assert.is(String(plan.steps.length), metadata.get('dispatches'));
});

gpu('doctor', async () => {
  const { code, out } = await cli('doctor');
  assert.is(code, 0);
  for (const word of ['node', 'package', 'adapter', 'features', 'limit', 'webgpu'])
    assert.match(out, new RegExp(`^${word}|webgpu`, 'm'));
  const report = await cli('doctor', '--json');
  const { adapter, features, limits, software } = JSON.parse(report.out);
  assert.ok(adapter && Array.isArray(features) && limits.maxBufferSize > 0 && typeof software === 'boolean');
  const { audits } = JSON.parse((await cli('doctor', 'regseg', '-w', WEIGHTS, '--json')).out);
  assert.equal(
    audits.slice(0, 2).map(({ precision, least, passed }: Audit) => [precision, least, passed]),
    [
      ['f32', 0.99, true],
      ['half', 0.99, true],
    ],
  );
});

gpu('what does not fit the adapter is refused with both numbers', async () => {
  const picture = await savePicture('small.png', 24, 32);
  const before = listing();
  complained(await cli('segment', picture, '--size', '90000x90000', '-o', 'huge'), 1, 'bytes', 'at most', '90000', '--size');
  complained(await cli('segment', picture, '--precision', 'f64', '-o', 'huge'), 2, '--precision f64', 'half');
  assert.equal(listing(), before);
});

test('inspect: summary, graph, passes, plan, JSON', async () => {
  const inspect = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await cli('inspect', ...words);
    assert.equal([code, err], [0, '']);
    return out;
  };
  const summary = await inspect('regseg');
  for (const word of [
    'exp48_decoder26',
    '19 classes',
    '1024x2048',
    'parameters: 3334951',
    'MACs',
    'dispatches: ',
    'peak',
    'plan: ',
  ])
    assert.ok(summary.includes(word), `${word} is not in: ${summary}`);
  const graph = await inspect('exp53_decoder29', '--size', '64x128', '--graph');
  assert.match(graph, /^32×32×64 +stem\.conv = conv\(input\)/m);
  assert.match(graph, /classes = argmax\(logits\)/);
  const passes = await inspect('regseg', '--size', '64x128', '--passes');
  assert.match(passes, /^fold-batchnorm: \d+ → \d+ nodes$/m);
  const plan = await inspect('regseg', '--size', '64x128', '--plan');
  assert.match(plan, /^step +node +pipeline/m);
  const { plan: data, ...rest } = JSON.parse(await inspect('regseg', '--size', '64x128', '--json'));
  assert.equal(Object.keys(rest), ['model', 'network', 'classes', 'size', 'parameters', 'macs', 'adapter']);
  assert.ok(plan.includes(`plan: ${data.hash}`) && plan.includes(`dispatches: ${data.steps.length}`));
  assert.is.not(data.hash, JSON.parse(await inspect('regseg', '--size', '64x128', '--precision', 'half', '--json')).plan.hash);
});

test('inspect --jobs: every pipeline of the plan once, and its steps', async () => {
  const words = ['inspect', 'regseg', '--size', '64x128', '--jobs', 'jobs.json'];
  for (const precision of ['f32', 'f16']) {
    const { code, err } = await cli(...words, '--precision', precision);
    assert.is(code, 0, err);
    const { jobs, steps, hash, size, ...about } = JSON.parse(readFileSync(at('jobs.json'), 'utf8'));
    const features = precision === 'f16' ? ['--features', 'shader-f16'] : [];
    const inspected = await cli('inspect', 'regseg', '--size', '64x128', '--precision', precision, ...features, '--json');
    const { plan } = JSON.parse(inspected.out);
    assert.equal([about, size, hash], [{ model: 'regseg', network: 'exp48_decoder26', precision }, [64, 128], plan.hash]);
    assert.equal(
      jobs.map(({ key }: { key: string }) => key),
      [...pipelines(plan)],
    );
    assert.equal(
      steps.map(({ node, key }: Record<string, string>) => [node, key]),
      plan.steps.map((step: Step) => [step.node, pipelineKey(step, plan.precision)]),
    );
    assert.ok(
      steps.every((step: Record<string, unknown>) => step.out && step.grid && step.params && 'macs' in step && 'bytes' in step),
    );
    for (const { key, code, constants, bindings } of jobs) {
      assert.ok(code.includes('fn main(') && !code.includes('// use '), key);
      assert.is(code.includes('enable f16;'), precision === 'f16' && code.includes('alias stored'), key);
      assert.ok(Object.values(constants).every(Number.isInteger), key);
      assert.equal(
        bindings.map(({ binding }: { binding: number }) => binding),
        bindings.map((_: unknown, n: number) => n),
      );
    }
  }
});

test('inspect of a DilatedNet: its tile, the paper’s fields of view, its own words', async () => {
  const summary = await cli('inspect', 'dilation10_cityscapes');
  for (const word of [
    '19 classes, at 1396x1396',
    'a tile: 1024x1024 pixels of a picture, and 186 around',
    'parameters: 134373043',
    '2647.411 G',
    'peak activations: 189.1 MB',
  ])
    assert.ok(summary.out.includes(word), `${word} is not in: ${summary.out}`);
  const { out } = await cli('inspect', 'dilation10_cityscapes', '--fov');
  // Section 4 of the paper and the receptive fields that follow from its table 1.
  for (const [layer, pixels] of [
    ['conv1_2', 5],
    ['conv2_2', 14],
    ['conv3_3', 40],
    ['conv4_3', 92],
    ['conv5_3', 188],
    ['fc6', 380],
    ['ctx_final', 2444],
  ])
    assert.match(out, new RegExp(`^${layer} .* ${pixels}×${pixels} +none$`, 'm'));
  assert.not.match(out, /gate|body|decoder/);
  const { fields, gates } = JSON.parse((await cli('inspect', 'frontend_camvid', '--fov', '--json')).out);
  assert.equal([fields.at(-1).layer, fields.at(-1).size, gates.count], ['classes', { h: 380, w: 380 }, 0]);
  const graph = await cli('inspect', 'frontend_camvid', '--graph');
  assert.match(graph.out, /^11×66×91 +final = conv\(fc7\)/m);
  assert.match((await cli('inspect', 'dilation8_camvid', '--passes')).out, /^bands: \d+ → \d+ nodes$/m);
});

test('every DilatedNet has a plan for its published tile at default limits', async () => {
  for (const model of dilatedNets.keys())
    for (const precision of ['f32', 'half']) {
      const { code, err } = await cli('inspect', model, '--precision', precision);
      assert.is(code, 0, err);
    }
});

test('models', async () => {
  const { out, code } = await cli('models');
  assert.is(code, 0);
  for (const name of ['regseg-camvid', 'exp48_decoder26', 'exp53_decoder29', 'exp49_decoder14']) assert.ok(out.includes(name));
  const rows = (await cli('models', '--json')).out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.is(rows.filter(row => row.weights).length, 1);
  assert.is(rows.find(row => row.name === 'exp48_decoder26').parameters, 3334951);
  const { classes, tile, parameters } = rows.find(row => row.name === 'dilation8_pascal_voc');
  assert.equal([classes, tile, parameters], [21, { height: 900, width: 900, margin: 186 }, 141149720]);
  assert.is(rows.filter(row => row.tile).length, 8);
});

test('help: of all, of each, and for no word at all', async () => {
  const all = await cli('--help');
  assert.is(all.code, 0);
  for (const [name, command] of Object.entries(commands)) {
    assert.ok(all.out.includes(command.usage), name);
    const { code, out, err } = await cli(name, '--help');
    assert.equal([code, err], [0, '']);
    assert.ok(out.startsWith(`atrous ${name}`), out);
    for (const [option, { short }] of Object.entries(command.options)) {
      const line = out.split('\n').find(text => text.trimStart().startsWith(`--${option}`));
      assert.match(line ?? `no line for ${option}`, /^ {2}--[a-z-]+(, -[a-z])? +\S/, 'every option has a word of help');
      if (short) assert.ok(line!.includes(`-${short}`));
    }
  }
  const none = await cli();
  assert.equal([none.code, none.out], [2, all.out]);
});

test('nothing of this leaves anything in the repository', () => {
  assert.not.ok(existsSync(`${repository}new`) || existsSync(`${repository}y.safetensors`));
});

test.run();
