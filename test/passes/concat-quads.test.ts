// Maps joined at odd channels begin at whole quads where convolutions alone read them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import { constantReader } from '../../src/graph/constant.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { expectedTensors } from '../../src/models/registry.ts';
import { along, emitMove, pen, upTo } from '../../src/onnx/pen.ts';
import { concatQuads } from '../../src/passes/concat-quads.ts';
import { field } from '../../src/reference/field.ts';
import { run } from '../../src/reference/run.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';

const SIZE = { h: 2, w: 3 };

type Readers = (b: ReturnType<typeof builder>, y: string, c: number) => string[];

/** The input, of three channels, joined so often, two at a time, as an import joins more than a step takes; and what reads that. */
function joined(times: number, readers: Readers) {
  const writer = pen([]);
  let y = 'input';
  for (let n = 1; n < times; n++) {
    const froms = upTo(3 * n + 3).map(place => Number(place >= 3 * n));
    const channels = along('c', [...upTo(3 * n), ...upTo(3)], froms);
    const places = { channels, rows: along('h', upTo(SIZE.h)), columns: along('w', upTo(SIZE.w)) };
    y = emitMove(writer, `y${n}`, [y, 'input'], { ...places, joined: true });
  }
  const b = builder('joined', { c: 3 * times, ...SIZE });
  const { nodes, outputs } = b.graph(readers(b, b.input, 3 * times));
  const renamed = (value: string): string => (value === b.input ? y : value);
  const reading = nodes.map(node => {
    const inputs = Object.entries(node.inputs).map(([role, value]) => [role, renamed(value)]);
    return { ...node, inputs: Object.fromEntries(inputs) } as Node;
  });
  const graph: Graph = {
    name: 'joined',
    input: { c: 3, ...SIZE },
    nodes: [...writer.nodes, ...reading],
    outputs: outputs.map(renamed),
    aliases: new Map(),
  };
  return { graph: verify(graph), tables: writer.tensors };
}

function numbers(graph: Graph, tables: ReadonlyMap<string, ReturnType<typeof seededTensor>>) {
  const seeds = [...expectedTensors(graph)].map(([name, shape]) => [name, seededTensor(name, shape)] as const);
  const input = field(
    graph.input,
    Float64Array.from(uniform('input', 18), u => 2 * u - 1),
  );
  return run(graph, input, constantReader(new Map([...seeds, ...tables]), toFloat64));
}

test('parts of several steps before one convolution', () => {
  const { graph, tables } = joined(3, (b, y, c) => [b.conv('z', y, { in: c, out: 2, kernel: 3, pad: 1 })]);
  const after = verify(concatQuads.apply(graph));
  assert.is(
    printGraph(after),
    `11×2×3  y2 = concat(input, input, input) c=11
2×2×3   z = conv(y2) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight z.weight[:, 0:3 9:10 3:6 9:10 6:9]}`,
  );
  assert.equal(numbers(after, tables).get('z'), numbers(graph, tables).get('z'));
});

test('a part that convolutions read too', () => {
  const { graph, tables } = joined(3, (b, y, c) => [b.conv('z', y, { in: c, out: 2 })]);
  const conv = builder('inner', { c: 6, ...SIZE });
  const [inner] = conv.graph([conv.conv('v', conv.input, { in: 6, out: 2 })]).nodes;
  const tapped = verify({
    ...graph,
    nodes: [...graph.nodes, { ...inner, inputs: { x: 'y1' } } as Node],
    outputs: [...graph.outputs, 'v'],
  });
  const after = verify(concatQuads.apply(tapped));
  assert.equal(
    after.nodes.map(({ op }) => op),
    ['concat', 'concat', 'conv', 'conv'],
  );
  assert.equal(numbers(after, tables), numbers(tapped, tables));
});

const staying: [title: string, readers: Readers][] = [
  ['what is an output', (b, y, c) => [y, b.conv('z', y, { in: c, out: 2 })]],
  ['what another step reads too', (b, y, c) => [b.conv('z', y, { in: c, out: 2 }), b.relu('r', y)]],
  ['groups', (b, y, c) => [b.conv('z', y, { in: c, out: c, groups: c })]],
  ['a residual', (b, y, c) => [b.add('z', b.conv('w', y, { in: c, out: c }), y)]],
];
for (const [title, readers] of staying) {
  test(`${title} stays`, () => {
    const { graph } = joined(2, readers);
    assert.is(printGraph(verify(concatQuads.apply(graph))), printGraph(graph));
  });
}

test.run();
