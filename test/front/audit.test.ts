// `auto`: the precision that was measured to be fastest, where the card's self-test holds in it.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Audit, audit, auditPlan } from '../../src/audit.ts';
import { createEngine, destroyEngine } from '../../src/gpu/executor.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { decodeWeights } from '../../src/load.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import type { Material } from '../../src/pipeline.ts';
import type { Tuned } from '../../src/plan/choose.ts';
import { Segmenter } from '../../src/segmenter.ts';
import { settle, settled } from '../../src/settle.ts';
import type { Precision } from '../../src/shader/source.ts';
import { type Card, parseCard } from '../../src/weights/card.ts';
import { fromFloat32, type Tensors, toFloat32, toFloat64 } from '../../src/weights/tensor.ts';
import { WEIGHTS } from '../cli/harness.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';

const weights = await decodeWeights(new Uint8Array(readFileSync(WEIGHTS)), WEIGHTS, {});
const { network, card } = weights;
const check = card.check!;
const device = await deviceJudge();
const settledIn = async (...asked: Parameters<typeof settle>): Promise<Precision> => (await settle(...asked)).precision;

test('auto says why', () => {
  const [one, nobody] = [{ id: 'acme-one' }, { id: null }];
  const table: Tuned = { 'acme-one': { precision: 'f16', variants: {} }, 'acme-two': { precision: 'f32', variants: {} } };
  const share = (agreement: number) => ({ agreement, least: 0.99, passed: agreement >= 0.99 });
  const rows = [
    [settled('f32', nobody, table, null), 'f32: nothing was measured on this adapter'],
    [settled('f32', { id: 'acme-three' }, table, null), 'f32: nothing was measured on acme-three'],
    [settled('f32', { id: 'acme-two' }, table, null), 'f32: f32 was the fastest on acme-two'],
    [settled('f32', one, table, null), 'f32: f16 was the fastest on acme-one, and this device lacks it'],
    [settled('f16', one, table, null), 'f32: f16 was the fastest on acme-one, but the card has no self-test to hold it to'],
    [settled('f16', one, table, { problem: 'no room' }), "f32: f16 was the fastest on acme-one, but can't run here: no room"],
    [
      settled('f16', one, table, share(0.5)),
      "f32: f16 was the fastest on acme-one, but 50.0 % of the self-test's classes are equal, 99.0 % are asked",
    ],
    [
      settled('f16', one, table, share(1)),
      "f16: f16 was the fastest on acme-one, and 100.0 % of the self-test's classes are equal, 99.0 % are asked",
    ],
  ] as const;
  for (const [{ precision, why }, expected] of rows) assert.is(`${precision}: ${why}`, expected);
});

if (device) {
  const engine = createEngine(device.device, fileLibrary());
  const facts = { ...device.facts, id: 'acme-one' };
  const fastest = (precision: Precision): Tuned => ({ 'acme-one': { precision, variants: {} } });
  const material = (tensors: Tensors = weights.tensors, itsCard: Card = card): Omit<Material, 'precision'> => ({
    engine,
    facts,
    network,
    card: itsCard,
    variants: 'auto',
    read: constantReader(tensors, toFloat64),
  });
  /** The same function, but for a map a million times as large: the stem's, whose two readers make it small again. */
  const overflowing = (): Tensors => {
    const scaled = (name: string, factor: number) => {
      const tensor = weights.tensors.get(name)!;
      return [
        name,
        fromFloat32(
          tensor.shape,
          toFloat32(tensor).map(value => value * factor),
        ),
      ] as const;
    };
    const readers = ['body.stage4.conv1.weight', 'body.stage4.shortcut.conv.weight'].map(name => scaled(name, 2 ** -20));
    return new Map([...weights.tensors, scaled('stem.bn.weight', 2 ** 20), scaled('stem.bn.bias', 2 ** 20), ...readers]);
  };
  const auditIn = (precision: Precision): Promise<Audit | null> => audit({ ...material(), precision });

  test('the self-test of the weights that ship holds in f32 and half', async () => {
    const exact = await auditIn('f32');
    assert.ok(exact!.passed && exact!.agreement > 0.999, `f32: ${exact!.agreement}`);
    assert.ok((await auditIn('half'))!.passed);
    sat('device', device.who);
  });

  (facts.matrices.length > 0 ? test : test.skip)(
    'by matrices: it holds, and fails where maps or operands are beyond 65504',
    async () => {
      const gpu = { ...facts, software: false };
      for (const precision of ['half', 'f16'] as const) {
        const own = { ...material(), facts: gpu, precision };
        assert.ok(auditPlan(own)!.steps.some(({ matrix }) => matrix));
        assert.ok((await audit(own))!.passed, precision);
        const large = { ...own, ...material(overflowing()), facts: gpu, engine: createEngine(device.device, engine.library) };
        assert.not.ok((await audit(large))!.passed, precision);
        const found = await settle(large, fastest(precision));
        assert.is(found.precision, 'f32');
        assert.match(
          found.why,
          new RegExp(
            `^${precision} was the fastest on acme-one, but \\d+\\.\\d % of the self-test's classes are equal, 99.0 % are asked`,
          ),
        );
        destroyEngine(large.engine);
      }
      sat('device', device.who);
    },
  );

  test('maps beyond 65504 fail in half, and auto is f32 then', async () => {
    const tensors = overflowing();
    const large = { ...material(tensors), engine: createEngine(device.device, engine.library) };
    assert.ok((await audit({ ...large, precision: 'f32' }))!.passed);
    assert.not.ok((await audit({ ...large, precision: 'half' }))!.passed);
    assert.is(await settledIn(large, fastest('half')), 'f32');
    destroyEngine(large.engine);
  });

  test('auto: what is fastest and holds, else f32', async () => {
    assert.is(await settledIn(material(), fastest('half')), 'half');
    assert.is(await settledIn(material(), fastest('f32')), 'f32');
    assert.is(await settledIn(material(), {}), 'f32', 'nothing was measured');
    assert.is(await settledIn({ ...material(), facts: { ...facts, id: null } }, fastest('half')), 'f32');
    assert.is(await settledIn({ ...material(), facts: { ...facts, features: [] } }, fastest('f16')), 'f32', 'no shader-f16');
    const [[value, run], ...rest] = check.classes;
    const other: Card = { ...card, check: { ...check, classes: [[value + 1, run], ...rest] } };
    assert.is(await settledIn(material(weights.tensors, other), fastest('half')), 'f32', 'other classes are expected');
    assert.is(await settledIn(material(weights.tensors, { ...card, check: undefined }), fastest('half')), 'f32', 'no self-test');
  });

  test('a segmenter settles when it is made', async () => {
    const variants = 'auto' as const;
    const parts = { ...weights, library: engine.library, variants, borrowed: true, openDevice: async () => device.device };
    const ours = device.facts.id!;
    const made = async (precision: Precision | 'auto', table?: Tuned): Promise<Precision | 'int8'> => {
      const segmenter = await Segmenter.create({ ...parts, precision, tuned: table });
      const found = segmenter.precision;
      await segmenter.dispose();
      return found;
    };
    assert.is(await made('auto', { [ours]: { precision: 'half', variants: {} } }), 'half');
    assert.is(await made('auto', {}), 'f32');
    assert.is(await made('half', {}), 'half');
  });

  test.after(() => {
    destroyEngine(engine);
    device.close();
  });
} else test.skip('audit on a device', () => {});

test('a card whose self-test is none is refused', () => {
  const parse = (change: object): Card => parseCard(JSON.stringify({ ...card, check: { ...check, ...change } }), 'x.card.json');
  assert.equal(parse({}).check, check);
  const wrong: [object, RegExp][] = [
    [{ seed: 3 }, /"check" must hold "seed"/],
    [{ height: 0 }, /"check" must hold/],
    [{ height: 1e9 }, /at most 1048576 pixels/],
    [{ agreement: 0 }, /"agreement" above 0/],
    [{ classes: 'none' }, /"check.classes" must be a list/],
    [{ classes: [[1, 2, 3]] }, /"check.classes" must be a list/],
    [{ classes: [[1, 64 * 128 + 1]] }, /"check.classes" are 8193 pixels, "check" is 64×128/],
  ];
  for (const [change, message] of wrong) {
    try {
      parse(change);
    } catch (error) {
      assert.match((error as Error).message, message);
      continue;
    }
    assert.unreachable(JSON.stringify(change));
  }
});

test.run();
