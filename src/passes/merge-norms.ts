// ranges of a map's channels, each with a norm of its own, and a concat of them  ⇒  one norm of the map: what is given of some channels is taken of others.
import type { Constant } from '../graph/constant.ts';
import type { Graph, Node, NodeOf, Pair } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite, type View } from './pass.ts';

/** A part of the concat: channels [from, to) of a map under their norm. */
interface Part {
  readonly source: string;
  readonly range: Pair;
  readonly scale: Constant;
  readonly shift: Constant;
  /** Of a norm of the channels' own statistics. */
  readonly epsilon: number | null;
  readonly nodes: readonly Node[];
}

function partOf(value: string, view: View): Part | null {
  const norm = view.sole(value, 'batchnorm') ?? view.sole(value, 'normalise');
  if (!norm || norm.attributes.fused.activation) return null;
  const moments = norm.op === 'normalise' ? view.sole(norm.inputs.norm, 'moments') : null;
  const { scale, shift } = (moments ?? norm).constants;
  const slice = view.producer(norm.inputs.x);
  const range = slice && rangeOf(slice);
  const alone = view.readers(norm.inputs.x).every(reader => reader === norm || reader === moments) && !view.isOutput(norm.inputs.x);
  if (!range || !alone || !scale || (norm.op === 'normalise' && moments?.inputs.x !== slice.name)) return null;
  const source = Object.values(slice.inputs)[0];
  return {
    source,
    range,
    scale,
    shift,
    epsilon: moments?.attributes.epsilon ?? null,
    nodes: [slice, ...(moments ? [moments] : []), norm],
  };
}

function rangeOf(node: Node): Pair | null {
  if (node.op === 'slice') return [node.attributes.from, node.attributes.to];
  return (node.op === 'move' && node.attributes.taken) || null;
}

/** One after another the ranges are all channels, and those whose statistics are given are neighbours. */
function merged(concat: Node, view: View, channels: (value: string) => number) {
  const parts = Object.values(concat.inputs).map(value => partOf(value, view));
  if (!parts.every(part => part !== null)) return null;
  const [{ source }] = parts;
  const own = parts.filter(({ epsilon }) => epsilon !== null);
  const given = parts.filter(({ epsilon }) => epsilon === null).map(({ range }) => range);
  const follows = (ranges: readonly Pair[], from: number): boolean =>
    ranges.every(([begin], n) => begin === (ranges[n - 1]?.[1] ?? from));
  const whole = follows(
    parts.map(({ range }) => range),
    0,
  );
  const fits =
    parts.every(part => part.source === source) &&
    parts.at(-1)!.range[1] === channels(source) &&
    whole &&
    follows(given, given[0]?.[0]) &&
    own.length > 0 &&
    own.every(({ epsilon }) => epsilon === own[0].epsilon);
  if (!fits) return null;
  const stack = (role: 'scale' | 'shift'): Constant => ({ kind: 'stack', parts: parts.map(part => part[role]) });
  const moments: NodeOf<'moments'> = {
    op: 'moments',
    name: `${concat.name}.moments`,
    inputs: { x: source },
    attributes: { epsilon: own[0].epsilon!, ...(given.length > 0 && { given: [given[0][0], given.at(-1)![1]] }) },
    constants: { scale: stack('scale'), shift: stack('shift') },
  };
  const inputs = { x: source, norm: moments.name };
  const normalise: Node = { op: 'normalise', name: concat.name, inputs, attributes: { fused: {} }, constants: {} };
  return { node: [moments, normalise], drop: parts.flatMap(({ nodes }) => nodes) };
}

export const mergeNorms: Pass = {
  name: 'merge-norms',
  why: 'half of the channels under a batch norm, half under a norm of their own: in parts they are read and written three times, as one norm once',
  apply(graph: Graph) {
    const values = infer(graph);
    const channels = (value: string): number => values.get(value)!.shape.c;
    const once = rewrite(graph, 'concat', (concat, view) => merged(concat, view, channels));
    return rewrite(once, 'move', (move, view) => (move.attributes.joined ? merged(move, view, channels) : null));
  },
};
