// a run of convolutions with a map between them that is too large  ⇒  the run over and over, a band of rows at a time.
import { shapeOf } from '../graph/constant.ts';
import type { Graph, Node, NodeOf, Shape } from '../graph/graph.ts';
import { BINDING, bindable, byteLength } from '../graph/layout.ts';
import { infer } from '../graph/ops.ts';
import type { Precision } from '../shader/source.ts';
import { type Pass, type View, view } from './pass.ts';

/** Larger maps are made in bands where they can be, whatever the adapter binds: at 1396×1396 the peak is 189 MB for 0.4 % more multiply-adds (at 128 MiB 279 MB). */
const MOST = 96 * 2 ** 20;
/** Bytes of a band: enough rows to fill a GPU, few enough to stay near its cache and to leave the peak to the maps that are kept. */
const BAND = 32 * 2 ** 20;

type Conv = NodeOf<'conv'>;

export const bands: Pass = {
  name: 'bands',
  why: "VGG's first map has 497 MB at 1396×1396 and is read once, a few rows at a time: it is made a band at a time, its halo again",
  apply(graph, target) {
    if (!target?.limits) return graph;
    const { limits, precision = 'f32' } = target;
    const most = Math.min(MOST, bindable(limits));
    const values = infer(graph);
    const before = view(graph);
    const shapeOfValue = (name: string): Shape => values.get(name)!.shape;
    const large = (name: string): boolean =>
      values.get(name)!.kind === 'map' && byteLength(shapeOfValue(name), 'map', precision) > most;
    const banded = new Map<Node, readonly Node[]>();
    for (const node of graph.nodes) {
      if (banded.has(node) || !large(node.name)) continue;
      const run = runFrom(node, large, before);
      const nodes = run && cut(run, shapeOfValue, most, precision);
      if (!nodes) continue;
      for (const gone of run) banded.set(gone, []);
      banded.set(run.at(-1)!, nodes);
    }
    return { ...graph, nodes: graph.nodes.flatMap(node => banded.get(node) ?? node) } satisfies Graph;
  },
};

/** From a node whose map is too large on, to the first whose map fits; null where something on the way needs more than its rows. */
function runFrom(first: Node, large: (name: string) => boolean, view: View): readonly Conv[] | null {
  const run: Conv[] = [];
  for (let node: Node = first; ; ) {
    if (node.op !== 'conv' || !isLocal(node)) return null;
    run.push(node);
    if (!large(node.name)) return run;
    const next: Conv | null = view.next(node.name, 'conv');
    if (!next) return null;
    node = next;
  }
}

/** Its rows need some rows of x alone, without padding: the halo of a band is then rows that exist. */
function isLocal({ attributes: { pads, partials, also }, inputs, constants }: Conv): boolean {
  return pads.every(pad => pad === 0) && !partials && !also && !constants.project && Object.keys(inputs).length === 1;
}

/** Rows [top, bottom) of a map. */
interface Rows {
  readonly top: number;
  readonly bottom: number;
}

/** The run's nodes once a band, and the stack of their results; null when not even the smallest band fits into `bytes`. */
function cut(run: readonly Conv[], shape: (name: string) => Shape, bytes: number, precision: Precision): readonly Node[] | null {
  const last = run.at(-1)!;
  const source = run[0].inputs.x;
  const rowBytes = (name: string): number => byteLength({ ...shape(name), h: 1 }, 'map', precision);
  const height = shape(last.name).h;
  // Rows of x from one row of the result to the next; a band's first rows must lie where a binding may begin.
  const step = run.reduce((rows, { attributes: { stride, pooled } }) => rows * stride * (pooled ? 2 : 1), 1);
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
    nodes.push(...run.map((conv, n) => bandOf(conv, n === 0 ? x : `${run[n - 1].name}@${band}`, band, wanted[n])));
    parts.push(`${last.name}@${band}`);
  }
  const inputs = Object.fromEntries(parts.map((part, n) => [n, part]));
  return [...nodes, { op: 'stack', name: last.name, inputs, attributes: {}, constants: {} }];
}

/** The rows of each node's x that some rows of the run's result need. */
function needs(run: readonly Conv[], result: Rows, shape: (name: string) => Shape): readonly Rows[] {
  const wanted: Rows[] = [];
  let rows = result;
  for (const conv of [...run].reverse()) {
    const { stride, dilations, pooled } = conv.attributes;
    const full = pooled ? { top: 2 * rows.top, bottom: Math.min(2 * rows.bottom, pooled.h) } : rows;
    const reach = dilations[0] * (shapeOf(conv.constants.weight)[2] - 1);
    rows = { top: full.top * stride, bottom: (full.bottom - 1) * stride + reach + 1 };
    wanted.unshift(rows);
  }
  if (rows.bottom > shape(run[0].inputs.x).h)
    throw new RangeError(`bands of ${run[0].name} need row ${rows.bottom} of ${run[0].inputs.x}`);
  return wanted;
}

/** A node of the run for the rows of x that one band needs. */
function bandOf(conv: Conv, x: string, band: number, { top, bottom }: Rows): Conv {
  const { stride, dilations, pooled } = conv.attributes;
  const reach = dilations[0] * (shapeOf(conv.constants.weight)[2] - 1);
  const h = Math.floor((bottom - top - reach - 1) / stride) + 1;
  const attributes = { ...conv.attributes, pooled: pooled && { h, w: pooled.w } };
  return { ...conv, name: `${conv.name}@${band}`, inputs: { x }, attributes };
}
