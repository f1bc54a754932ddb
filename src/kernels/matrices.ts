// The rows with subgroup matrices: how they cut a product of pixels by channels into workgroups, and how weights lie for them
// (shaders/lib/matrix.product.wgsl). By kernel, apart from it: few adapters have matrices, and a page fetches these rows for those alone.
// Shaders: pointwise.matrix.wgsl, twin.matrix.wgsl, gated.matrix.wgsl, conv.matrix.wgsl,
// grouped.matrix.wgsl, tail.matrix.wgsl; those of int8 stand in matrices-int8.ts.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { numberToFloat16 } from '../weights/tensor.ts';
import { joinBytes, type WeightRows } from './blocks.ts';
import { conv, biasOf as denseBias, weights as denseWeights, steps, weightsBySteps } from './conv.ts';
import { packExcite } from './excite.ts';
import { gated } from './gated.ts';
import { grouped, biasOf as groupedBias, rows as groupedRows, weights as groupedWeights, groupWidth } from './grouped.ts';
import { bitsReader, type ReadNumbers } from './halves.ts';
import { type Cut, cutOf, type Kernel, type Placed, type Variant } from './kernel.ts';
import { codeMatrices } from './matrices-int8.ts';
import { biasOf, depths, pointwise, weights } from './pointwise.ts';
import { COLUMNS, packClassifier, tail } from './tail.ts';
import { twin } from './twin.ts';
import { workgroups } from './workgroups.ts';

/** Of a workgroup: lanes, pixels, output channels. */
const LANES = 128;
const PIXELS = 128;
const CHANNELS = 64;
/** Beyond it a half is infinite, and a product with zero no number. */
const LARGEST = 65504;
/** Quads of the operand that it multiplies at a time. */
const ROUND = 4;

const blocks = (out: number): number => Math.ceil(out / CHANNELS);

/** Lanes that make so many pixels of so many channels. */
function lanes(pixels: number, out: number): number {
  return Math.ceil(pixels / PIXELS) * blocks(out) * LANES;
}

const saturated = (value: number): number => Math.max(-LARGEST, Math.min(value, LARGEST));

const rounds = (quads: number): number => Math.ceil(quads / ROUND);

/** Where the biases begin, in units of 16 bytes. `depths`: quads of one operand after another. */
function biasStart(out: number, depths: readonly number[]): number {
  return blocks(out) * depths.reduce((sum, quads) => sum + rounds(quads), 0) * LANES;
}

/** Quads of those. */
const biases = (out: number): number => (blocks(out) * CHANNELS) / 4;

const rounded = (weight: number): number => numberToFloat16(saturated(weight));

/**
 * Halves by blocks of output channels and rounds of 16 input channels: a row of 16 for each output channel. Operands begin with rounds of their own; what is
 * missing is zero. Then the biases, float32. `rowsOf` counts input channels through all operands by quads; its tap is 0. What the file holds as halves goes
 * where it belongs as it is.
 */
function packRows(
  { constants: { weight: main, shortcut } }: NodeOf<'conv'>,
  read: ReadConstant,
  depths: readonly number[],
  rowsOf: (read: ReadNumbers) => WeightRows,
  bias: Float64Array | null,
): Uint8Array<ArrayBuffer> {
  const [out] = shapeOf(main);
  const bits = bitsReader(read, shortcut ? [main, shortcut] : [main]);
  const [rows, encode] = bits ? [rowsOf(bits), (half: number): number => half] : [rowsOf(read), rounded];
  const start = biasStart(out, depths) * 16;
  const bytes = new Uint8Array(start + blocks(out) * CHANNELS * 4);
  const halves = new Uint16Array(bytes.buffer, 0, start / 2);
  if (bias) new Float32Array(bytes.buffer, start).set(bias);
  const all = depths.reduce((sum, quads) => sum + rounds(quads), 0);
  for (let first = 0; first < out; first += CHANNELS) {
    const end = Math.min(first + CHANNELS, out);
    const weight = rows(first, end);
    let [from, round] = [0, (first / CHANNELS) * all];
    for (const quads of depths) {
      for (let i = 0; i < quads * 4; i++) {
        const at = (round + Math.floor(i / 16)) * CHANNELS * 16 + (i % 16);
        for (let o = first; o < end; o++) halves[at + (o - first) * 16] = encode(weight(o, from + i, 0));
      }
      from += quads * 4;
      round += rounds(quads);
    }
  }
  return bytes;
}

const out = ({ constants }: NodeOf<'conv'>): number => shapeOf(constants.weight)[0];

/** The row of a kernel that multiplies operands of so many quads; `pixels` are those before a pool. */
function row(
  kernel: Kernel,
  quads: (node: NodeOf<'conv'>) => readonly number[],
  pack: (node: NodeOf<'conv'>, read: ReadConstant) => Uint8Array<ArrayBuffer>,
  pixels: (placed: Placed<'conv'>) => number = ({ y }) => y.h * y.w,
): Variant<'conv'> {
  const rows = [...(workgroups[kernel.name] ?? []), ...kernel.variants];
  const staged = cutOf(kernel, rows.find(({ name }) => name === 'workgroup')!) as unknown as Cut<'conv'>;
  return {
    name: 'matrix',
    shader: `${kernel.name}.matrix`,
    needs: { barriers: true, features: ['shader-f16'], matrix: { operands: 'f16', sums: 'f32' } },
    overrides(placed) {
      const { LANES: _, RAGGED: _ragged, ...flags } = staged.overrides(placed);
      return flags;
    },
    params: placed => ({ ...staged.params(placed), bias: biasStart(out(placed.node), quads(placed.node)) }),
    lanes: placed => lanes(pixels(placed), out(placed.node)),
    pack,
  };
}

const packPointwise = (node: NodeOf<'conv'>, read: ReadConstant) =>
  packRows(node, read, depths(node), source => weights(node, source, depths(node)[0]), biasOf(node, read));

const ofGated = row(gated, depths, (node, read) => joinBytes(packPointwise(node, read), packExcite(node, read)));
/** Quads of the gate that a workgroup has room for beside its matrices. */
const MOST_GATES = 128;

const ofConv = row(
  conv,
  node => [steps(node)],
  (node, read) => packRows(node, read, [steps(node)], source => weightsBySteps(node, source), denseBias(node, read)),
  ({ node, y }) => y.h * y.w * (node.attributes.fused.pooled ? 4 : 1),
);

const ofGrouped = row(
  grouped,
  node => [9 * quads(groupWidth(node))],
  (node, read) => {
    const width = groupWidth(node);
    const rowsOf = (source: ReadNumbers): WeightRows => {
      const at = groupedWeights(node, source);
      return () => (o, i) => at(o, i % width, Math.floor(i / width));
    };
    return packRows(node, read, [9 * quads(width)], rowsOf, groupedBias(node, read));
  },
);

/** Columns that `grouped.matrix` reads for a tile's row at most, and those that it has room for. */
const spanOf = ({ attributes: { geometry } }: NodeOf<'conv'>): number => {
  const furthest = Math.max(...geometry.dilations.map(([, across]) => across));
  return (GROUPED_PIXELS - 1) * geometry.strides[0] + 1 + 2 * furthest;
};
const GROUPED_PIXELS = 32;
const SPAN = 80;

/** Rounds of a tail: sixteens of channels, and the taps of each. */
const tailQuads = (node: NodeOf<'conv'>): [number] => [rounds(quads(shapeOf(node.constants.weight)[1])) * 9 * ROUND];

const ofTail = row(tail, tailQuads, (node, read) => {
  const inputs = shapeOf(node.constants.weight)[1];
  const rowsOf = (source: ReadNumbers): WeightRows => {
    const dense = denseWeights(node, source);
    return (first, end) => {
      const weight = dense(first, end);
      return (o, i) => {
        const round = Math.floor(i / 16);
        const channel = Math.floor(round / 9) * 16 + (i % 16);
        return channel < inputs ? weight(o, channel, round % 9) : 0;
      };
    };
  };
  return joinBytes(packRows(node, read, tailQuads(node), rowsOf, denseBias(node, read)), packClassifier(node, read));
});

/** By kernel. */
export const matrices: Readonly<Record<string, readonly Variant[]>> = Object.fromEntries(
  Object.entries({
    qconv: codeMatrices,
    pointwise: row(pointwise, depths, packPointwise),
    twin: row(twin, depths, packPointwise),
    conv: ofConv,
    gated: {
      ...ofGated,
      fits: (node: NodeOf<'conv'>) => depths(node)[0] <= MOST_GATES,
      params: (placed: Placed<'conv'>) => {
        const params = ofGated.params!(placed);
        return { ...params, excite: Number(params.bias) + biases(out(placed.node)) };
      },
    },
    grouped: {
      ...ofGrouped,
      fits: (node: NodeOf<'conv'>) => groupWidth(node) % 16 === 0 && spanOf(node) <= SPAN,
      lanes: ({ node, y }: Placed<'conv'>) => groupedRows(node, y) * blocks(y.c) * LANES,
    },
    tail: {
      ...ofTail,
      fits: (node: NodeOf<'conv'>) => out(node) <= CHANNELS,
      params: (placed: Placed<'conv'>) => {
        const params = ofTail.params!(placed);
        return { ...params, project: Number(params.bias) + biases(out(placed.node)) };
      },
      lanes: ({ y }: Placed<'conv'>) => Math.ceil(y.w / COLUMNS) * Math.ceil(y.h / (PIXELS / COLUMNS)) * LANES,
    },
  }).map(([name, variants]) => [name, [variants].flat() as unknown as Variant[]]),
);
