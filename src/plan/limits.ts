// What an adapter can hold: the one place where a plan is refused for its sizes, before anything is made on a device. A page fetches it where `isTooLarge` is
// true (room.ts).
import { AtrousError } from '../errors.ts';
import type { Shape } from '../graph/graph.ts';
import { BINDING, bindable } from '../graph/layout.ts';
import type { AdapterFacts } from './choose.ts';
import type { Stem, Step } from './plan.ts';

/** Where the caller can turn to when a size is the reason. */
const SMALLER = 'use a smaller --size (DilatedNet: a smaller --tile)';

/** Throws `LIMIT` for a value that no buffer or no binding holds. */
function checkValue(name: string, { c, h, w }: Shape, bytes: number, facts: AdapterFacts): void {
  const most = bindable(facts.limits);
  if (bytes <= most) return;
  throw tooLarge(`value "${name}" (${c}×${h}×${w}) takes ${bytes} bytes`, most, facts, `${SMALLER} or --precision half`);
}

/** Throws `LIMIT` for weights of a step that no buffer or no binding holds. */
function checkWeights(node: string, bytes: number, facts: AdapterFacts): void {
  const most = bindable(facts.limits);
  if (bytes <= most) return;
  const next = 'use --precision half (a dense convolution’s weights become halves) or an adapter with larger limits';
  throw tooLarge(`step "${node}" has ${bytes} bytes of weights`, most, facts, next);
}

/** Throws `LIMIT` for a picture that is larger than a texture, or for planes that no binding holds. */
function checkFrame(stem: Stem, { h, w }: Pick<Shape, 'h' | 'w'>, facts: AdapterFacts): void {
  const { maxTextureDimension2D: most } = facts.limits;
  if ((stem === 'texture' || stem === 'external') && Math.max(h, w) > most) {
    throw new AtrousError(
      'LIMIT',
      `the picture is ${h}×${w}, the adapter's textures hold at most ${most}×${most}: give a --size that they hold, or shrink it first`,
    );
  }
  // Planes are float32 in every precision.
  const [bytes, bound] = [3 * h * w * 4, bindable(facts.limits)];
  if (stem === 'tensor' && bytes > bound)
    throw tooLarge(`the input (3×${h}×${w}) takes ${bytes} bytes`, bound, facts, 'use a smaller one');
}

/** Throws `LIMIT` for a dispatch of more workgroups than an adapter allows in two dimensions. */
function checkGrid({ node, grid }: Pick<Step, 'node' | 'grid'>, { name, limits }: AdapterFacts): void {
  const most = limits.maxComputeWorkgroupsPerDimension;
  if (grid[1] <= most) return;
  throw new AtrousError('LIMIT', `step "${node}" needs ${grid[0] * grid[1]} workgroups, ${name} allows ${most}²; ${SMALLER}`);
}

/** Throws `BAD_GRAPH` for rows of a map that no binding begins at. */
function checkStart(name: string, whole: string, start: number): void {
  if (start % BINDING === 0) return;
  const where = `"${name}" begins ${start} bytes into "${whole}"`;
  throw new AtrousError('BAD_GRAPH', `${where}, bindings begin at multiples of ${BINDING}: cut it at other rows`);
}

function tooLarge(what: string, most: number, { name }: AdapterFacts, next: string): AtrousError {
  return new AtrousError('LIMIT', `${what}, the adapter binds at most ${most} (${name}); ${next}`);
}

export const limits: {
  readonly value?: typeof checkValue;
  readonly weights?: typeof checkWeights;
  readonly frame?: typeof checkFrame;
  readonly grid?: typeof checkGrid;
  readonly start?: typeof checkStart;
} = { value: checkValue, weights: checkWeights, frame: checkFrame, grid: checkGrid, start: checkStart };
