// Activations in parts, in the orders in which exporters write them; what only looks like one stays.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Activation, type Graph, INPUT, type Node } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { recomposeCurves } from '../../src/passes/recompose-curves.ts';
import { sameNumbers, stays } from './check.ts';

/** A curve of the value before, or that times another, by number: 0 is the input. */
type Part = Activation | readonly [number, number];

const line = (a: number, b: number): Activation => ({ curve: 'affine', a, b });
const clip = (a: number, b: number): Activation => ({ curve: 'clip', a, b });
const plain = (curve: Activation['curve']): Activation => ({ curve, a: 0, b: 0 });
/** As float32 has them. */
const [half, sixth] = [Math.fround(Math.SQRT1_2), Math.fround(1 / 6)];

function parts(...list: readonly Part[]): Graph {
  const name = (n: number): string => (n === 0 ? INPUT : `v${n}`);
  const nodes = list.map((part, n): Node => {
    if ('curve' in part) return { op: 'activate', name: name(n + 1), inputs: { x: name(n) }, attributes: part, constants: {} };
    const inputs = { x: name(part[0]), other: name(part[1]) };
    const attributes = { operation: 'mul', swapped: false, fused: {} } as const;
    return { op: 'combine', name: name(n + 1), inputs, attributes, constants: {} };
  });
  return verify({ name: 'parts', input: { c: 2, h: 2, w: 3 }, nodes, outputs: [name(list.length)], aliases: new Map() });
}

const made: readonly [title: string, list: readonly Part[], after: string][] = [
  ['hard swish of four parts', [line(1, 3), clip(0, 6), [0, 2], line(sixth, 0)], '2×2×3  v4 = hard-swish(input)'],
  ['divided before the product', [line(1, 3), clip(0, 6), line(sixth, 0), [3, 0]], '2×2×3  v4 = hard-swish(input)'],
  ['of a hard sigmoid', [{ curve: 'hard-sigmoid', a: sixth, b: 0.5 }, [0, 1]], '2×2×3  v2 = hard-swish(input)'],
  ['swish', [plain('sigmoid'), [0, 1]], '2×2×3  v2 = swish(input)'],
  ['mish', [plain('softplus'), plain('tanh'), [2, 0]], '2×2×3  v3 = mish(input)'],
  ['GELU, halved at the end', [line(half, 0), plain('erf'), line(1, 1), [0, 3], line(0.5, 0)], '2×2×3  v5 = gelu(input)'],
  ['GELU, halved in the factor', [line(half, 0), plain('erf'), line(0.5, 0.5), [0, 3]], '2×2×3  v4 = gelu(input)'],
  ['a hard sigmoid', [line(1, 3), clip(0, 6), line(sixth, 0)], '2×2×3  v3 = hard-sigmoid(0.16666666666666666,0.5)(input)'],
];

for (const [title, list, after] of made) {
  test(title, () => {
    const graph = parts(...list);
    const whole = verify(recomposeCurves.apply(graph));
    assert.is(printGraph(whole), after);
    // The parts' numbers are float32's.
    sameNumbers(graph, whole, 1e-6);
  });
}

const left: readonly [title: string, list: readonly Part[]][] = [
  ['another slope than a hard swish has', [{ curve: 'hard-sigmoid', a: 0.2, b: 0.5 }, [0, 1]]],
  ['a sigmoid times something else', [plain('tanh'), plain('sigmoid'), [2, 0]]],
  ['another factor than GELU has', [line(half, 0), plain('erf'), line(1, 1), [0, 3]]],
  ['a ReLU6', [clip(0, 6)]],
];
for (const [title, list] of left) test(`${title} stays`, () => stays(recomposeCurves, parts(...list)));

test.run();
