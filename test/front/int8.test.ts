// int8 as a whole: weights and maps become codes, a file holds them with what they stand for, a device makes of them what the integer twins make, and what
// is no such file, or is asked for otherwise, is refused.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { audit } from '../../src/audit.ts';
import { calibrate, counts } from '../../src/calibrate.ts';
import { type Arguments, exactPrecisionOf } from '../../src/cli/command.ts';
import { type Converted, convertWeights } from '../../src/convert.ts';
import { createEngine, destroyEngine, runOnPlanes } from '../../src/gpu/executor.ts';
import { readClasses } from '../../src/gpu/transfer.ts';
import { constantReader } from '../../src/graph/constant.ts';
import type { NodeOf } from '../../src/graph/graph.ts';
import { checkPrecision, decodeWeights } from '../../src/load.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { targetOf } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import { run } from '../../src/reference/run.ts';
import { Segmenter } from '../../src/segmenter.ts';
import { agreement } from '../../src/weights/agreement.ts';
import { imagenet } from '../../src/weights/card.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { seededInput } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { WEIGHTS } from '../cli/harness.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';

test('the range of a map loses least: a number far out is held, and zero has a code', () => {
  const map = counts();
  map.add(Float64Array.from({ length: 1_000_000 }, (_, n) => (n % 100) / 50));
  map.add([9]);
  const { scale, zero } = map.codes();
  assert.is(zero, -128);
  assert.ok(scale * 255 > 1.9 && scale * 255 < 4, `${scale * 255}`);
  const both = counts();
  both.add([-1, 3]);
  assert.equal(both.codes(), { scale: 0.015686, zero: -64 });
});

const device = await deviceJudge();
if (device) {
  const library = fileLibrary();
  const bytes = new Uint8Array(readFileSync(WEIGHTS));
  const [h, w] = [40, 72];
  /** Blocks of colours with edges between. */
  async function* pictures() {
    for (const seed of [3, 11]) {
      const data = Uint8Array.from({ length: h * w * 4 }, (_, n) => {
        const [row, column] = [Math.floor(n / 4 / w / 7), Math.floor(((n / 4) % w) / 9)];
        return (row * 53 + column * 91 * seed + (n % 4) * 40) % 256;
      });
      yield { data, height: h, width: w };
    }
  }
  let made: Converted;

  test('convert: every weight in codes, ranges of every map, and what is lost', async () => {
    const told: string[] = [];
    const { device: on } = device;
    made = await convertWeights(bytes, WEIGHTS, {
      source: { file: 'a', sha256: 'b' },
      calibrate: (weights, coded) =>
        calibrate(weights, coded, pictures, { device: on, library, told: (done, round) => told.push(`${done} ${round}`) }),
    });
    assert.equal(told, ['1 float32', '2 float32', '1 int8', '2 int8']);
    const { int8, check } = made.card;
    assert.is(int8!.pictures, 2);
    assert.ok(int8!.agreement! > 0.95 && int8!.agreement! <= 1, `${int8!.agreement}`);
    assert.ok(made.bytes.length <= 3_600_000, `${made.bytes.length} bytes`);
    assert.ok(check!.classes.length > 1);
    const { tensors } = readSafetensors(made.bytes, 'x');
    const floats = [...tensors].filter(([, { dtype, shape }]) => shape.length > 1 && dtype !== 'I8');
    assert.equal(floats, []);
  });

  test('the network is in codes from the picture to its scores, and a device makes exactly what the integer twins make', async () => {
    const { network, tensors, card } = await decodeWeights(made.bytes, 'x', {});
    const graph = network.build({ h, w });
    const kinds = graph.nodes.map(({ op }) => op);
    assert.is(kinds.filter(op => op === 'conv').length, 0);
    assert.is(kinds.filter(op => op === 'quantise').length, 1);
    assert.is(kinds.filter(op => op === 'dequantise').length, 0);
    assert.equal(
      graph.nodes.filter((node): node is NodeOf<'qconv'> => node.op === 'qconv' && !node.attributes.to).map(({ name }) => name),
      ['decoder.classifier'],
    );
    const data = seededInput('int8', { h, w }, card.preprocessing);
    const read = constantReader(tensors, toFloat64);
    const expected = run(graph, { c: 3, h, w, data }, read).get('classes')!.data;
    const engine = createEngine(device.device, library);
    try {
      const choice = { precision: 'f32', facts: device.facts, variants: 'auto' } as const;
      const fused = fuse(graph, targetOf(choice));
      const plan = lower(fused, { ...choice, stem: 'tensor', ...imagenet, shaderFacts: library.brief });
      const program = await runOnPlanes(engine, fused, plan, read, Float32Array.from(data));
      const found = await readClasses(device.device, program);
      program.destroy();
      const same = found.reduce((sum, value, n) => sum + Number(value === expected[n]), 0) / found.length;
      // The gates between are float32, whose last digit is each adapter's own.
      assert.ok(same > 0.995, `${same}`);
      sat('device', device.who);
    } finally {
      destroyEngine(engine);
    }
  });

  test('a segmenter of such a file says int8, and is held to the card', async () => {
    const weights = await decodeWeights(made.bytes, 'x', {});
    const parts = { ...weights, library, variants: 'auto', precision: 'f32', borrowed: true } as const;
    const segmenter = await Segmenter.create({ ...parts, openDevice: async () => device.device });
    const [picture] = [await pictures().next()];
    const { info } = await segmenter.segment(picture.value!);
    assert.is(info.precision, 'int8');
    assert.is(segmenter.precision, 'int8');
    await segmenter.dispose();
    const engine = createEngine(device.device, library);
    const material = { engine, facts: device.facts, ...weights, precision: 'f32', variants: 'auto' } as const;
    const held = async (card = weights.card) => audit({ ...material, card, read: constantReader(weights.tensors, toFloat64) });
    assert.ok((await held())!.passed);
    const { check } = weights.card;
    const wrong = check!.classes.map(([value, length]) => [(value + 1) % 11, length] as const);
    assert.not.ok((await held({ ...weights.card, check: { ...check!, classes: wrong } }))!.passed);
    assert.ok(agreement(new Uint8Array(64 * 128), check!.classes) < 0.9);
    destroyEngine(engine);
  });

  test('what is refused', async () => {
    const refuses = async (work: () => unknown, ...parts: string[]): Promise<void> => {
      try {
        await work();
      } catch (error) {
        for (const part of parts) assert.ok((error as Error).message.includes(part), (error as Error).message);
        return;
      }
      assert.unreachable(`nothing refused: ${parts}`);
    };
    const [coded, plain] = [await decodeWeights(made.bytes, 'x', {}), await decodeWeights(bytes, WEIGHTS, {})];
    checkPrecision(coded, 'x', 'int8');
    checkPrecision(coded, 'x');
    checkPrecision(plain, 'y', 'half');
    await refuses(() => checkPrecision(coded, 'x.safetensors', 'f32'), 'precision f32', 'x.safetensors', 'int8 alone');
    await refuses(() => checkPrecision(plain, 'y.safetensors', 'int8'), 'y.safetensors', 'no int8 codes', '--calibrate');
    await refuses(
      () => convertWeights(made.bytes, 'x.safetensors', { source: { file: 'a', sha256: 'b' } }),
      'x.safetensors',
      'int8',
    );
    const { tensors, metadata } = readSafetensors(made.bytes, 'x');
    const written = (card: object, without?: string): Uint8Array =>
      writeSafetensors(
        [...tensors].filter(([name]) => name !== without),
        { atrous: JSON.stringify({ ...JSON.parse(metadata.get('atrous')!), ...card }) },
      );
    await refuses(() => decodeWeights(written({}, 'stem.conv.weight.scale'), 'x', {}), '"stem.conv.weight.scale"', '32 scales');
    const { int8 } = coded.card;
    for (const wrong of [{ maps: { stem: [0, 3] } }, { maps: { stem: [1, 300] } }, { agreement: 2 }, { pictures: 0.5 }])
      await refuses(() => decodeWeights(written({ int8: { ...int8, ...wrong } }), 'x', {}), '"int8" must hold');
    const { stem: _, ...maps } = int8!.maps;
    const lacking = await decodeWeights(written({ int8: { ...int8, maps } }), 'x', {});
    await refuses(() => lacking.network.build({ h, w }), 'no int8 scale for "stem"');
  });
}

test('a command that reads no such file refuses int8', () => {
  const asked = { text: () => 'int8' } as unknown as Arguments;
  assert.throws(() => exactPrecisionOf(asked), /--precision int8 is for files of int8 codes/);
  assert.is(exactPrecisionOf(asked, true), 'f32');
});

test.after(() => device?.close());
test.run();
