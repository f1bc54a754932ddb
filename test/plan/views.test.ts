// Views in views: rows of what lies within something wider begin where the wider rows begin.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createEngine, destroyEngine } from '../../src/gpu/executor.ts';
import { builder } from '../../src/graph/build.ts';
import { constantReader } from '../../src/graph/constant.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { verify } from '../../src/graph/verify.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { field } from '../../src/reference/field.ts';
import { run as runReference } from '../../src/reference/run.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { deviceJudge } from '../judges.ts';
import { fixtureInput, fixtureWeights, prepareGraph } from '../models/device.ts';
import { limited, planOf } from '../passes/check.ts';
import { sat } from '../record.ts';

const run = suite('views');
const device = await deviceJudge();
const roomy = limited(2 ** 20);

const view = { attributes: {}, constants: {} } as const;
const crop = (name: string, x: string, top: number, rows: number): Node => ({
  ...{ op: 'crop', name, inputs: { x }, attributes: { top, rows }, constants: {} },
});
const parts = (op: 'stack' | 'join', name: string, ...inputs: string[]): Node => ({
  ...{ op, name, inputs: Object.fromEntries(inputs.map((part, n) => [n, part])), ...view },
});

const pointwise = (() => {
  const b = builder('views', { c: 3, h: 8, w: 16 });
  return b.graph([b.conv('pointwise', b.input, { in: 3, out: 8 })]).nodes[0];
})();
/** 1×1, to 8 channels. */
const conv = (name: string, x: string, depth: number): Node =>
  ({
    ...pointwise,
    ...{ name, inputs: { x }, constants: { weight: { kind: 'tensor', name: `${name}.weight`, shape: [8, depth, 1, 1] } } },
  }) as Node;

const drawn = (...nodes: readonly Node[]): Graph => ({
  ...{ name: 'views', input: { c: 3, h: 8, w: 16 }, nodes, outputs: ['y'], aliases: new Map() },
});

const stacked = drawn(
  conv('left', 'input', 3),
  crop('top', 'input', 0, 4),
  crop('bottom', 'input', 4, 4),
  conv('above', 'top', 3),
  conv('below', 'bottom', 3),
  parts('stack', 'right', 'above', 'below'),
  parts('join', 'both', 'left', 'right'),
  crop('end', 'both', 4, 4),
  conv('y', 'end', 16),
);

run('rows of a stack within a join', () => {
  const { values } = planOf(verify(stacked), roomy);
  const row = 16 * 16 * 4;
  const places = ['both', 'left', 'right', 'above', 'below', 'end'].map(name => values[name]);
  assert.ok(places.every(({ slot, stride }) => slot === values.both.slot && stride === 4));
  assert.equal(
    places.map(({ offset, start }) => [offset, start]),
    [
      [0, 0],
      [0, 0],
      [2, 0],
      [2, 0],
      [2, 4 * row],
      [0, 4 * row],
    ],
  );
});

if (device) {
  run('the same numbers on a device', async () => {
    const engine = createEngine(device.device, fileLibrary());
    const { input } = stacked;
    const planes = fixtureInput(input);
    const read = constantReader(fixtureWeights(stacked), toFloat64);
    const wanted = runReference(stacked, field(input, Float64Array.from(planes)), read).get('y')!;
    const { run: frame, destroy } = await prepareGraph(engine, device, stacked, 'f32');
    const error = relativeError((await frame()).get('y')!, wanted.data);
    assert.ok(error < 1e-6, `relative error ${error.toExponential(1)}`);
    destroy();
    destroyEngine(engine);
    device.close();
    sat('device', device.who);
  });
} else run.skip('the same numbers on a device');

run('what lies within a join is read as a whole or not at all', () => {
  for (const nodes of [[crop('rows', 'left', 0, 4), conv('y', 'rows', 8)], [conv('y', 'left', 8)]]) {
    const graph = drawn(conv('left', 'input', 3), conv('right', 'input', 3), parts('join', 'both', 'left', 'right'), ...nodes);
    assert.throws(
      () => verify(graph),
      (error: { code: string; message: string }) =>
        error.code === 'BAD_GRAPH' &&
        new RegExp(`^views: ${nodes[0].op} "\\w+" reads "left", which lies within the join "both": read that, or join a copy`).test(
          error.message,
        ),
    );
  }
});

run('rows that begin where no binding may', () => {
  const graph = drawn(crop('odd', 'input', 1, 2), conv('y', 'odd', 3));
  assert.is(planOf(graph, roomy).steps.length, 1);
  const narrow = { ...graph, input: { ...graph.input, w: 15 } };
  assert.throws(() => planOf(narrow, roomy), /"odd" begins 240 bytes into "input", bindings begin at multiples of 256/);
});

run.run();
