// The rows of `qconv` by subgroup matrices of codes with int32 sums: exactly what its other rows make. Shaders: qconv.matrix.wgsl, qconv.grouped.matrix.wgsl.
import { shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { count } from '../weights/tensor.ts';
import { type Cut, cutOf, type Placed, plain, type Variant } from './kernel.ts';
import { groupWidth, packCodes, qconv } from './qconv.ts';

/** Of a workgroup: lanes, and output channels. */
const LANES = 128;
const CHANNELS = 64;
/** Pixels of a workgroup, and of one whose sixteens of channels have operands of their own. */
const PIXELS = 128;
const GROUPED_PIXELS = 32;
/** Codes of an operand that a workgroup multiplies at a time, and those that one lane fetches: two words of one tap. */
const ROUND = 32;
const PAIR = 8;

const plainCut = cutOf(qconv, plain('qconv')) as unknown as Cut<'qconv'>;

const pairsOfTap = (node: NodeOf<'qconv'>): number => Math.ceil(quads(groupWidth(node)) / 2);
const rounds = (node: NodeOf<'qconv'>): number =>
  Math.ceil((count(node.attributes.geometry.kernel) * pairsOfTap(node) * PAIR) / ROUND);
const blocks = (out: number): number => Math.ceil(out / CHANNELS);

/** Codes by blocks of output channels and rounds: a row of 32 for each output channel, tap by tap. What is missing is zero. */
function row(shader: string, pixels: number, fits: NonNullable<Variant<'qconv'>['fits']>): Variant<'qconv'> {
  const whole = (node: NodeOf<'qconv'>): number => blocks(shapeOf(node.constants.weight)[0]) * rounds(node) * CHANNELS * ROUND;
  return {
    name: 'matrix',
    shader,
    needs: { barriers: true, matrix: { operands: 'i8', sums: 'i32' } },
    weightsGrow: 1 / 4,
    fits,
    params: placed => ({ ...plainCut.params(placed), ends: whole(placed.node) / 16 }),
    lanes: ({ y }: Placed<'qconv'>) => Math.ceil((y.h * y.w) / pixels) * blocks(y.c) * LANES,
    pack: (node, read) =>
      packCodes(node, read, whole(node), (o, i, tap) => {
        const along = (tap * pairsOfTap(node) + Math.floor(i / PAIR)) * PAIR + (i % PAIR);
        const round = Math.floor(o / CHANNELS) * rounds(node) + Math.floor(along / ROUND);
        return (round * CHANNELS + (o % CHANNELS)) * ROUND + (along % ROUND);
      }),
  };
}

/** Outputs of a group, or of a branch of it, in whole sixteens. */
function hasSixteens({ attributes: { geometry }, constants }: NodeOf<'qconv'>): boolean {
  const [out] = shapeOf(constants.weight);
  return [geometry.groups, geometry.dilations.length].every(parts => (out / parts) % 16 === 0);
}

/** Dense first. */
export const codeMatrices: readonly Variant<'qconv'>[] = [
  row('qconv.matrix', PIXELS, ({ attributes: { geometry } }) => geometry.groups === 1 && geometry.dilations.length === 1),
  row('qconv.grouped.matrix', GROUPED_PIXELS, node => node.attributes.geometry.groups > 1 && hasSixteens(node)),
];
