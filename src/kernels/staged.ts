// The rows with workgroup memory, and how they cut a product of pixels by channels into workgroups (shaders/lib/staged.wgsl).
import type { NodeOf } from '../graph/graph.ts';
import type { Cut, Placed, Variant } from './kernel.ts';

/** Lanes that make a pair of quads, and the pixels that they make of it. */
const SLOTS = 16;
const PIXELS = 128;
/** Pairs of a workgroup: the more, the more often an operand is used that is staged once. */
const WIDTHS = [16, 8, 4] as const;
/** Of the widest there must be so many, or a large GPU is half idle. Eight warps of one workgroup are then better off as four and four. */
const MANY = 128;

/** Lanes of a workgroup, and of all. */
export interface StagedCut {
  readonly group: number;
  readonly all: number;
}

/** The width that leaves fewest pairs idle, of two the wider. `pixels` are those before a pool, `most` is the widest that has room. */
export function stagedCut(pixels: number, pairs: number, most: (typeof WIDTHS)[number] = 16): StagedCut {
  const tiles = Math.ceil(pixels / PIXELS);
  const cuts = WIDTHS.map(width => ({ width, sides: Math.ceil(pairs / width) }));
  const able = cuts.filter(({ width, sides }) => width <= most && (width < WIDTHS[0] || tiles * sides >= MANY));
  const { width, sides } = able.reduce((best, each) => (each.width * each.sides < best.width * best.sides ? each : best));
  return { group: SLOTS * width, all: tiles * sides * SLOTS * width };
}

/** Whether an operand has an odd number of steps, of which that body makes two at a time. */
export const isRagged = (depths: readonly number[]): boolean => depths.some(depth => depth % 2 > 0);

/** The row whose shader has that body. `depths`: steps of one operand after another. */
export function stagedRow(
  shader: string,
  cut: (placed: Placed<'conv'>) => StagedCut,
  depths: (node: NodeOf<'conv'>) => readonly number[],
  overrides: Cut<'conv'>['overrides'],
): Variant<'conv'> {
  return {
    name: 'workgroup',
    shader,
    needs: { barriers: true },
    overrides: placed => ({ LANES: cut(placed).group, RAGGED: isRagged(depths(placed.node)), ...overrides(placed) }),
    lanes: placed => cut(placed).all,
  };
}
