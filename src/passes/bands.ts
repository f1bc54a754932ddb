// a run of convolutions with a map between them that is too large  ⇒  the run over and over, a band of rows at a time.
import { codecOf, type Graph, type Node, type NodeOf, type Shape } from '../graph/graph.ts';
import { BINDING, bindable, byteLength } from '../graph/layout.ts';
import { infer, macs } from '../graph/ops.ts';
import type { Codec } from '../shader/source.ts';
import { type Pass, type View, view } from './pass.ts';

/** Larger maps are made in bands where they can be, whatever the adapter binds: at 1396×1396 the peak is 189 MB for 0.4 % more multiply-adds (at 128 MiB 279 MB). */
const MOST = 96 * 2 ** 20;
/** A run whose halos add more than this share to its multiply-adds gives way to a shorter one, of which a larger map is kept. */
const DEAR = 0.1;
/** Bytes of a band: enough rows to fill a GPU, few enough to stay near its cache and to leave the peak to the maps that are kept. */
const BAND = 32 * 2 ** 20;

type Conv = NodeOf<'conv'>;

export const bands: Pass = {
  name: 'bands',
  why: "VGG's first map has 497 MB at 1396×1396 and is read once, a few rows at a time: it is made a band at a time, its halo again",
  apply(graph, target) {
    if (!target?.limits) return graph;
    const { limits } = target;
    const codec = codecOf(graph, target.precision ?? 'f32');
    const bound = bindable(limits);
    const most = Math.min(MOST, bound);
    const values = infer(graph);
    const before = view(graph);
    const shapeOfValue = (name: string): Shape => values.get(name)!.shape;
    const bytes = (name: string): number => byteLength(shapeOfValue(name), 'map', codec);
    const large = (name: string): boolean => values.get(name)!.kind === 'map' && bytes(name) > most;
    /** Of the run and all shorter ones that can be banded: that which leaves least of those that are not dear; the least dear where one must be. */
    const best = (longest: readonly Conv[]): Banded | null => {
      const [first, ...results] = longest.map(({ name }) => bytes(name));
      const runs = results.flatMap((result, n) => {
        if (result >= first || result > bound) return [];
        return cut(longest.slice(0, n + 2), shapeOfValue, most, codec) ?? [];
      });
      const cheap = runs.filter(({ halo }) => halo <= DEAR);
      const left = ({ run }: Banded): number => bytes(run.at(-1)!.name);
      if (cheap.length > 0) return cheap.reduce((a, b) => (left(b) <= left(a) ? b : a));
      return first > bound && runs.length > 0 ? runs.reduce((a, b) => (b.halo < a.halo ? b : a)) : null;
    };
    const banded = new Map<Node, readonly Node[]>();
    for (const node of graph.nodes) {
      if (banded.has(node) || !large(node.name)) continue;
      const found = best(runFrom(node, large, before));
      if (!found) continue;
      for (const gone of found.run) banded.set(gone, []);
      banded.set(found.run.at(-1)!, found.nodes);
    }
    return { ...graph, nodes: graph.nodes.flatMap(node => banded.get(node) ?? node) } satisfies Graph;
  },
};

/** From a node whose map is too large on: to the first whose map is not, or to the last before one that needs more than its rows. */
function runFrom(first: Node, large: (name: string) => boolean, view: View): readonly Conv[] {
  const run: Conv[] = [];
  for (let node: Node | null = first; node?.op === 'conv' && isLocal(node); node = view.next(node.name, 'conv')) {
    run.push(node);
    if (!large(node.name)) break;
  }
  return run;
}

/** Its rows need some rows of x alone, without padding: the halo of a band is then rows that exist. */
function isLocal({ attributes: { geometry, fused }, inputs, constants }: Conv): boolean {
  const unpadded = geometry.pads.flat().every(pad => pad === 0);
  return unpadded && !fused.partials && !fused.also && !constants.project && Object.keys(inputs).length === 1;
}

/** Rows [top, bottom) of a map. */
interface Rows {
  readonly top: number;
  readonly bottom: number;
}

interface Banded {
  readonly run: readonly Conv[];
  /** The run's nodes once a band, and the stack of their results. */
  readonly nodes: readonly Node[];
  /** Multiply-adds for rows that are made again, as a share of all. */
  readonly halo: number;
}

/** Null when not even the smallest band fits into `bytes`. */
function cut(run: readonly Conv[], shape: (name: string) => Shape, bytes: number, codec: Codec): Banded | null {
  const last = run.at(-1)!;
  const source = run[0].inputs.x;
  const rowBytes = (name: string): number => byteLength({ ...shape(name), h: 1 }, 'map', codec);
  const height = shape(last.name).h;
  // Rows of x from one row of the result to the next; a band's first rows must lie where a binding may begin.
  const step = run.reduce((rows, { attributes: { geometry, fused } }) => rows * geometry.strides[0] * (fused.pooled ? 2 : 1), 1);
  const aligned = (rows: number): boolean =>
    (rows * rowBytes(last.name)) % BINDING === 0 && (rows * step * rowBytes(source)) % BINDING === 0;
  let grain = 1;
  while (!aligned(grain)) grain++;
  const fits = (rows: number, most: number): boolean =>
    needs(run, { top: 0, bottom: Math.min(rows, height) }, shape).every(
      ({ top, bottom }, n) => n === 0 || (bottom - top) * rowBytes(run[n - 1].name) <= most,
    );
  // Odd widths may demand more rows than a band would have.
  if (!fits(grain, bytes)) return null;
  let most = grain;
  while (most < height && fits(most + grain, Math.min(BAND, bytes))) most += grain;
  // As many bands as must be, of even height.
  const rows = Math.ceil(height / Math.ceil(height / most) / grain) * grain;
  const nodes: Node[] = [];
  const parts: string[] = [];
  let cost = 0;
  for (let top = 0; top < height; top += rows) {
    const band = parts.length;
    const wanted = needs(run, { top, bottom: Math.min(top + rows, height) }, shape);
    const x = `${source}@${run[0].name}.${band}`;
    nodes.push({
      op: 'crop',
      name: x,
      inputs: { x: source },
      attributes: { top: wanted[0].top, rows: wanted[0].bottom - wanted[0].top },
      constants: {},
    });
    for (const [n, conv] of run.entries()) {
      const h = rowsOf(conv, wanted[n]);
      const part = bandOf(conv, n === 0 ? x : `${run[n - 1].name}@${band}`, band, h);
      nodes.push(part);
      cost += macs(part, { ...shape(conv.name), h });
    }
    parts.push(`${last.name}@${band}`);
  }
  const inputs = Object.fromEntries(parts.map((part, n) => [n, part]));
  nodes.push({ op: 'stack', name: last.name, inputs, attributes: {}, constants: {} });
  return { run, nodes, halo: cost / run.reduce((sum, conv) => sum + macs(conv, shape(conv.name)), 0) - 1 };
}

/** The rows of each node's x that some rows of the run's result need. */
function needs(run: readonly Conv[], result: Rows, shape: (name: string) => Shape): readonly Rows[] {
  const wanted: Rows[] = [];
  let rows = result;
  for (const conv of [...run].reverse()) {
    const { pooled } = conv.attributes.fused;
    const full = pooled ? { top: 2 * rows.top, bottom: Math.min(2 * rows.bottom, pooled.h) } : rows;
    const { stride, reach } = along(conv);
    rows = { top: full.top * stride, bottom: (full.bottom - 1) * stride + reach + 1 };
    wanted.unshift(rows);
  }
  if (rows.bottom > shape(run[0].inputs.x).h)
    throw new RangeError(`bands of ${run[0].name} need row ${rows.bottom} of ${run[0].inputs.x}`);
  return wanted;
}

/** Rows of x from one row of the result to the next, and from the first to the last that a row needs. */
function along({ attributes: { geometry } }: Conv): { readonly stride: number; readonly reach: number } {
  return { stride: geometry.strides[0], reach: geometry.dilations[0][0] * (geometry.kernel[0] - 1) };
}

/** Rows that a convolution makes of those rows of x, before its pool. */
function rowsOf(conv: Conv, { top, bottom }: Rows): number {
  const { stride, reach } = along(conv);
  return Math.floor((bottom - top - reach - 1) / stride) + 1;
}

/** A node of the run for one band, in which it makes h rows. */
function bandOf(conv: Conv, x: string, band: number, h: number): Conv {
  const { geometry, fused } = conv.attributes;
  const attributes = { geometry, fused: fused.pooled ? { ...fused, pooled: { h, w: fused.pooled.w } } : fused };
  return { ...conv, name: `${conv.name}@${band}`, inputs: { x }, attributes };
}
