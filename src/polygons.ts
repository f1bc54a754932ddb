// Outlines of a class as polygons, an entry of its own: `import { polygons } from 'atrous/polygons'`.
import { number, readOptions, shape, such, whole } from './check.ts';
import { AtrousError, brief } from './errors.ts';

/** Corners as [x, y] in pixels from the picture's top left, the last not repeated. */
export type Ring = readonly (readonly [x: number, y: number])[];

/** The outer ring, clockwise as one sees it, then its holes, the other way round. */
export type Polygon = readonly Ring[];

export interface PolygonOptions {
  /** Corners are left out while the line stays within so many pixels of the edges between pixels (Douglas and Peucker, 1973). 0: exact. Default: 1. */
  readonly tolerance?: number;
}

/** What is needed of a result; a clone of one has it too. */
export interface ClassMap {
  readonly classes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly labels: readonly string[];
}

const mapChecks = {
  classes: such<Uint8Array>(value => value instanceof Uint8Array, 'the classes of a result, which are in memory'),
  width: whole(1, 2 ** 28),
  height: whole(1, 2 ** 28),
  labels: such<readonly string[]>(Array.isArray, 'a list of names'),
};

/**
 * The areas of a class, by name or index, the largest first. Pixels that meet at a corner alone are areas of their own. With a tolerance of 0 the
 * polygons cover the class's pixels and no others. Throws `BAD_USAGE` for a class that is none, and for a result whose classes are not in memory.
 */
export function polygons(result: ClassMap, wanted: string | number, options?: PolygonOptions): Polygon[] {
  const { tolerance = 1 } = readOptions('polygons()', options, { tolerance: number(0, 2 ** 28) });
  const { classes, width, height, labels } = shape<ClassMap>(mapChecks)(result, 'the result');
  if (classes.length !== width * height)
    throw new AtrousError('BAD_USAGE', `the result has ${classes.length} classes for ${width}×${height} pixels`);
  const index = typeof wanted === 'string' ? labels.indexOf(wanted) : wanted;
  if (!(typeof index === 'number' && index in labels))
    throw new AtrousError('BAD_USAGE', `there is no class ${brief(wanted)}: there are 0 to ${labels.length - 1}, or their names`);
  const is = (x: number, y: number): boolean => x >= 0 && x < width && y >= 0 && y < height && classes[y * width + x] === index;
  const areas = new Map<number, { outer: Ring; size: number; holes: Ring[] }>();
  const holes: { ring: Ring; area: number }[] = [];
  const labelled = areasOf(is, width, height);
  for (const { ring, pixel } of rings(is, width, height)) {
    const size = signedArea(ring);
    if (size > 0) areas.set(labelled[pixel], { outer: ring, size, holes: [] });
    else holes.push({ ring, area: labelled[pixel] });
  }
  for (const { ring, area } of holes) areas.get(area)!.holes.push(ring);
  const simple = (ring: Ring): Ring => simplify(ring, tolerance);
  return [...areas.values()]
    .sort((a, b) => b.size - a.size)
    .map(area => [simple(area.outer), ...area.holes.map(simple)].filter((ring, n) => n === 0 || ring.length > 2))
    .filter(([outer]) => outer.length > 2);
}

/** Numbers of the areas by pixel, 0 where there is none: pixels that share an edge have one number. */
function areasOf(is: (x: number, y: number) => boolean, width: number, height: number): Int32Array {
  const found = new Int32Array(width * height);
  let area = 0;
  for (let start = 0; start < found.length; start++) {
    if (found[start] !== 0 || !is(start % width, Math.floor(start / width))) continue;
    found[start] = ++area;
    for (const stack = [start]; stack.length > 0; ) {
      const at = stack.pop()!;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (const [u, v] of [
        [x + 1, y],
        [x - 1, y],
        [x, y + 1],
        [x, y - 1],
      ]) {
        if (!is(u, v) || found[v * width + u] !== 0) continue;
        found[v * width + u] = area;
        stack.push(v * width + u);
      }
    }
  }
  return found;
}

/** Right, down, left, up. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;
/** The pixel to the right of a step from a corner, as one goes; the one to its left is the right one of the step before. */
const RIGHT = [
  [0, 0],
  [-1, 0],
  [-1, -1],
  [0, -1],
] as const;

/** Closed ways along the edges between pixels, the class's pixels to the right; `pixel` is one of those. */
function* rings(
  is: (x: number, y: number) => boolean,
  width: number,
  height: number,
): Generator<{ readonly ring: Ring; readonly pixel: number }> {
  /** A bit for each direction in which a way has left a corner. */
  const gone = new Uint8Array((width + 1) * (height + 1));
  const isEdge = (x: number, y: number, step: number): boolean => {
    const [right, left] = [RIGHT[step], RIGHT[(step + 3) % 4]];
    return is(x + right[0], y + right[1]) && !is(x + left[0], y + left[1]);
  };
  for (let top = 0; top <= height; top++) {
    for (let first = 0; first < width; first++) {
      if (!isEdge(first, top, 0) || gone[top * (width + 1) + first] & 1) continue;
      const ring: (readonly [number, number])[] = [];
      let [x, y, step] = [first, top, 0];
      do {
        gone[y * (width + 1) + x] |= 1 << step;
        x += STEPS[step][0];
        y += STEPS[step][1];
        // Where two pixels meet at a corner the way stays with its own.
        const next = [step + 1, step, step + 3].map(turn => turn % 4).find(turn => isEdge(x, y, turn))!;
        if (next !== step) ring.push([x, y]);
        step = next;
      } while (x !== first || y !== top || step !== 0);
      yield { ring, pixel: top * width + first };
    }
  }
}

/** In pixels; positive for what is gone round clockwise, y pointing down. */
function signedArea(ring: Ring): number {
  return ring.reduce((sum, [x, y], n) => {
    const [u, v] = ring[(n + 1) % ring.length];
    return sum + (x * v - u * y) / 2;
  }, 0);
}

/** Of a closed ring: cut at two corners that are far apart, each half by itself. */
function simplify(ring: Ring, tolerance: number): Ring {
  if (tolerance === 0) return ring;
  const far = farthest(ring, ring[0], ring[0], 0, ring.length);
  const closed = [...ring, ring[0]];
  const keep = new Set([0, far.at]);
  const halves: [number, number][] = [
    [0, far.at],
    [far.at, ring.length],
  ];
  for (let half = halves.pop(); half; half = halves.pop()) {
    const [from, to] = half;
    const { at, distance } = farthest(closed, closed[from], closed[to], from + 1, to);
    if (distance <= tolerance) continue;
    keep.add(at);
    halves.push([from, at], [at, to]);
  }
  return ring.filter((_, n) => keep.has(n));
}

/** Of the corners from … to (exclusive) the one farthest from the stretch between a and b. */
function farthest(
  ring: Ring,
  [ax, ay]: Ring[number],
  [bx, by]: Ring[number],
  from: number,
  to: number,
): { readonly at: number; readonly distance: number } {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  let best = { at: from, distance: 0 };
  for (let at = from; at < to; at++) {
    const [x, y] = ring[at];
    const t = length === 0 ? 0 : Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / length, 0), 1);
    const distance = Math.hypot(x - ax - t * dx, y - ay - t * dy);
    if (distance > best.distance) best = { at, distance };
  }
  return best;
}
