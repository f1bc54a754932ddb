// Zeros around a map go into the padding of what reads it; a maximum must not see them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import type { Attributes, Graph, Node, Pads } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { foldPad } from '../../src/passes/fold-pad.ts';
import { stays } from './check.ts';

const table = (name: string, places: number) => ({ kind: 'tensor', name, shape: [places, 4] }) as const;

/** A map of 2×3×4 with zeros around it, and what reads that. */
function around([top, left, bottom, right]: Pads, reader: Node, alone = true): Graph {
  const [h, w] = [3 + top + bottom, 4 + left + right];
  const pad: Node = {
    op: 'move',
    name: 'pad',
    inputs: { 0: 'input' },
    attributes: { c: 2, h, w, fill: 0, around: [top, left, bottom, right] },
    constants: { channels: table('channels', 2), rows: table('rows', h), columns: table('columns', w) },
  };
  const outputs = alone ? [reader.name] : [reader.name, 'pad'];
  return verify({ name: 'padded', input: { c: 2, h: 3, w: 4 }, nodes: [pad, reader], outputs, aliases: new Map() });
}

function convolution(kernel: number): Node {
  const b = builder('conv', { c: 2, h: 9, w: 9 });
  const [node] = b.graph([b.conv('y', b.input, { in: 2, out: 3, kernel })]).nodes;
  return { ...node, inputs: { x: 'pad' } } as Node;
}

function pool(attributes: Pick<Attributes['window'], 'kind' | 'pads' | 'counted'>, h: number, w: number): Node {
  const sliding = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], h, w } as const;
  return { op: 'window', name: 'y', inputs: { x: 'pad' }, attributes: { ...sliding, ...attributes }, constants: {} };
}

function becomes(graph: Graph, after: string): void {
  assert.is(printGraph(verify(foldPad.apply(graph))), after);
}

test('into a convolution', () =>
  becomes(
    around([1, 1, 1, 1], convolution(3)),
    '3×3×4  y = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight y.weight}',
  ));

test('into a 1×1 convolution, whose bias then fills the ring', () =>
  becomes(
    around([0, 1, 1, 0], convolution(1)),
    '3×4×5  y = conv(input) kernel=1 strides=1 dilations=1 pads=0,1,1,0 groups=1 {weight y.weight}',
  ));

test('what is tapped stays, and the convolution reads past it', () =>
  becomes(
    around([1, 1, 1, 1], convolution(3), false),
    `2×5×6  pad = move(input) c=2 h=5 w=6 fill=0 around=1 {channels channels; rows rows; columns columns}
3×3×4  y = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight y.weight}`,
  ));

test('into a mean, which counts them', () =>
  becomes(
    around([1, 1, 1, 1], pool({ kind: 'mean', pads: [0, 0], counted: null }, 3, 4)),
    '2×3×4  y = window(input) kernel=3 strides=1 dilations=1 h=3 w=4 kind=mean pads=1 counted=1',
  ));

test('a maximum sees none', () => stays(foldPad, around([1, 1, 1, 1], pool({ kind: 'max', pads: [0, 0], counted: null }, 3, 4))));

test('a mean with padding of its own that does not count stays', () =>
  stays(foldPad, around([1, 1, 1, 1], pool({ kind: 'mean', pads: [1, 1], counted: null }, 5, 6))));

test.run();
