// The rows for CPU adapters whose subgroups have eight lanes, as Mesa's have with AVX2. By kernel, apart from them: a page fetches these rows for such adapters
// alone. What differs by lane is gathered from a buffer there, three nanoseconds for each component, while a texel comes whole, and a loop costs little: so
// weights of 1×1, grouped and dense convolutions are texels, eight lanes hand input channels round, turn by turn, and what eight quads of a pixel or sixteen
// pixels share is made once. Shaders: those named octet.
import { shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { packing, pairs } from './blocks.ts';
import { ending } from './ending.ts';
import { packExcite } from './excite.ts';
import { grouped as groupedPlain, wide as groupedWide, rows } from './grouped.ts';
import { OCTETS, type Variant } from './kernel.ts';
import { biasOf, depths, params, wide as pointwiseWide, weights } from './pointwise.ts';
import { FEW_INPUTS, isPossible, winograd } from './winograd.ts';

/** Lanes that hand their input quads round. */
const ROUND = 8;
/** Pixels of a lane of `pointwise.octet`. */
const TILE = 32;
/** Of input quads that `steps` may be in place of as many as there are. */
const MOST_PADDED = 4 / 3;

const needs = { software: true, features: ['subgroups', OCTETS] } as const;

const whole = (count: number, part = ROUND): number => Math.ceil(count / part) * part;
/** Have more than half the lanes of whole rounds something to do? */
const fills = (count: number): boolean => 2 * count > whole(count);
/** Input quads of an operand: where four are left of a round, lanes hold them twice and need but four turns. */
const depth = (quads: number): number => whole(quads, ROUND / 2);
const steps = (node: NodeOf<'conv'>): number => depths(node).reduce((sum, quads) => sum + depth(quads), 0);
/** Lanes across the output channels, a pair of quads each, in whole rounds. */
const across = (out: number): number => whole(pairs(out));

const pointwise: Variant<'conv'> = {
  ...pointwiseWide,
  name: 'octet',
  shader: 'pointwise.octet',
  needs,
  fits(node) {
    const [out] = shapeOf(node.constants.weight);
    const [main, shortcut] = depths(node);
    return fills(pairs(out)) && steps(node) <= MOST_PADDED * (main + shortcut);
  },
  overrides: placed => ({ ...pointwiseWide.overrides!(placed), ADDEND: 'addend' in placed.node.inputs }),
  params: placed => params(across(placed.y.c) * steps(placed.node) * 8, placed),
  lanes: ({ y }) => Math.ceil((y.h * y.w) / TILE) * across(y.c),
  /** For each round of lanes and step two blocks of a lane after those of its neighbour: what all lanes load at once lies together. Texels are float32. */
  pack(node, read) {
    const [out] = shapeOf(node.constants.weight);
    const rowsOf = weights(node, read, depth(depths(node)[0]));
    // The input quad that each lane has in each turn.
    const turns = depths(node).flatMap((quads, operand) => {
      const first = operand * depth(depths(node)[0]);
      return Array.from({ length: depth(quads) }, (_, turn) => {
        const round = turn - (turn % ROUND);
        const held = Math.min(depth(quads) - round, ROUND);
        return (lane: number) => first + round + ((turn ^ lane) % held);
      });
    });
    const { bytes, block } = packing(across(out) * 2 * steps(node), across(out) * 8, biasOf(node, read), 'f32');
    for (let first = 0; first < out; first += ROUND * 8) {
      const weight = rowsOf(first, Math.min(first + ROUND * 8, out));
      for (const inputAt of turns)
        for (const quad of [0, 4])
          for (let lane = 0; lane < ROUND; lane++) {
            const input = inputAt(lane) * 4;
            block(first + lane * 8 + quad, out, (o, i) => weight(o, input + i, 0));
          }
    }
    return bytes;
  },
};

/** What a subgroup of `grouped.octet` makes: pixels, and channels of one group. */
const GROUPED_TILE = { h: 4, w: 16 };
const GROUPED_CHANNELS = 16;

const grouped: Variant<'conv'> = {
  name: 'octet',
  shader: 'grouped.octet',
  needs,
  fits: groupedWide.fits,
  overrides: placed => ({
    ...groupedWide.overrides!(placed),
    SHIFTED: placed.node.attributes.geometry.strides[0] === 1 && placed.x.w <= GROUPED_TILE.w,
  }),
  /** As the plain row's, but under a name of its own: a texture is not shared with rows that bind a buffer. */
  pack: groupedPlain.pack,
  params: placed => ({ ...groupedPlain.params(placed), across: Math.ceil(placed.y.w / GROUPED_TILE.w) }),
  lanes: ({ node, y }) =>
    Math.min(Math.ceil(y.h / GROUPED_TILE.h) * Math.ceil(y.w / GROUPED_TILE.w), rows(node, y)) * (y.c / GROUPED_CHANNELS) * ROUND,
};

/** The kernel whose gates end in a hard sigmoid is of the same name. */
const excite: Variant<'excite'> = {
  name: 'octet',
  shader: 'excite.octet',
  needs,
  fits: node => node.attributes.gate === undefined,
  pack: packExcite,
};

/** Pairs of quads that a subgroup makes, and of input quads that it loads. */
const WINOGRAD_ROUND = 2;

const conv: Variant<'conv'> = {
  ...winograd,
  name: 'octet',
  shader: 'conv.octet',
  needs,
  fits(node) {
    const [out, inputs] = shapeOf(node.constants.weight);
    return isPossible(node) && inputs > FEW_INPUTS && pairs(out) >= WINOGRAD_ROUND;
  },
  /** Texels are float32. */
  pack: (node, read) => winograd.pack!(node, read, 'f32'),
  lanes(placed) {
    const count = pairs(placed.y.c);
    return (winograd.lanes!(placed) / count) * whole(count, WINOGRAD_ROUND);
  },
};

/** A workgroup makes a row of eight quads. */
const stem: Variant<'stem'> = {
  name: 'octet',
  shader: 'stem.octet',
  needs,
  fits({ attributes: { form, geometry }, constants }) {
    const [out] = shapeOf(constants.weight);
    return form === 'texture' && geometry.kernel.every(size => size === 3) && !constants.project && fills(quads(out));
  },
  overrides: ({ node, y }) => ending(node, y.c),
  lanes: ({ y }) => y.h * whole(quads(y.c)),
};

const upsample: Variant<'resize'> = {
  name: 'octet',
  shader: 'upsample.octet',
  needs,
  lanes: ({ y }) => y.h * quads(y.c),
};

/** Fours of rows, the first of which begins two above the map: the four then lie between two rows of scores where the map is four times as large. */
const classify: Variant<'classify' | 'argmax'> = {
  name: 'octet',
  shader: 'classify.octet',
  needs,
  lanes: ({ y }) => (Math.floor((y.h + 1) / 4) + 1) * whole(Math.ceil(y.w / 4)),
};

/** By kernel. */
export const octets = { pointwise, grouped, excite, conv, stem, upsample, classify } as unknown as Readonly<
  Record<string, Variant>
>;
