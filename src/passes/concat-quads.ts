// A concat at odd channels that only convolutions read  ⇒  one whose parts begin at whole quads, and weights of zero for what lies between.
import { shapeOf } from '../graph/constant.ts';
import type { Node, NodeOf, Shape } from '../graph/graph.ts';
import { QUAD, quads } from '../graph/layout.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, pruned, type View, view } from './pass.ts';

/** So many times as many channels may be read. */
const MOST = 2;

export const concatQuads: Pass = {
  name: 'concat-quads',
  why: 'parts from whole quads on are stored in place, and zeros among the next weights cost little; shifted by odd channels they are read and written once more',
  apply(graph) {
    const shapes = new Map([...infer(graph)].map(([name, { shape }]) => [name, shape]));
    const before = view(graph);
    const found = new Map<string, readonly string[]>();
    // From the last on: of one that is a part of another the parts are parts of both.
    for (const node of [...graph.nodes].reverse()) {
      if (!isJoined(node) || before.isOutput(node.name)) continue;
      const readers = before.readers(node.name);
      if (!readers.every(reader => found.has(reader.name) || readsOnce(reader, node.name))) continue;
      const parts = partsOf(node, before);
      if (wholeChannels(parts, shapes) <= MOST * node.attributes.c) found.set(node.name, parts);
    }
    const nodes = graph.nodes.map((node): Node => {
      const parts = found.get(node.name);
      if (parts)
        return {
          op: 'concat',
          name: node.name,
          inputs: Object.fromEntries(parts.entries()),
          attributes: { c: wholeChannels(parts, shapes) },
          constants: {},
        };
      const read = found.get(node.inputs.x);
      if (!read) return node;
      const of = node.constants.weight;
      const weight = {
        kind: 'inputs',
        of,
        ranges: rangesOf(
          read.map(part => shapes.get(part)!.c),
          shapeOf(of)[1],
        ),
      };
      return { ...node, constants: { ...node.constants, weight } } as Node;
    });
    return pruned({ ...graph, nodes });
  },
};

const isJoined = (node: Node | undefined): node is NodeOf<'move'> => node?.op === 'move' && node.attributes.joined === true;

/** Is it a dense convolution of the map, which reads it as nothing else? */
function readsOnce(node: Node, value: string): boolean {
  const { x, ...others } = node.inputs;
  const { sums, gate, beside, shortcut } = others;
  return (
    node.op === 'conv' &&
    node.attributes.geometry.groups === 1 &&
    !sums &&
    !gate &&
    !beside &&
    !shortcut &&
    x === value &&
    !Object.values(others).includes(value)
  );
}

/** What is joined, in as many steps as an import made of it. */
function partsOf({ inputs }: NodeOf<'move'>, before: View): string[] {
  return Object.values(inputs).flatMap(value => {
    const part = before.producer(value);
    return isJoined(part) ? partsOf(part, before) : [value];
  });
}

function wholeChannels(parts: readonly string[], shapes: ReadonlyMap<string, Shape>): number {
  return parts.reduce((sum, part) => quads(sum) * QUAD + shapes.get(part)!.c, 0);
}

/** Channels of the parts, and zeros (from `beyond` on) behind each but the last up to a whole quad. */
function rangesOf(widths: readonly number[], beyond: number): [from: number, to: number][] {
  let at = 0;
  return widths.flatMap((c, n) => {
    const from = at;
    at += c;
    const between = n < widths.length - 1 ? quads(c) * QUAD - c : 0;
    return [[from, at], ...(between > 0 ? [[beyond, beyond + between]] : [])] as [number, number][];
  });
}
