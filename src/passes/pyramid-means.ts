// means of a map in few large cells beside means in more  ⇒  the few are made from the many, and the map is read once.
import type { Graph, Node, NodeOf, Pair, Shape } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import type { Pass } from './pass.ts';

type Mean = NodeOf<'mean' | 'pool' | 'window'>;

/** Means of cells that tile a map. */
interface Tiling {
  readonly node: Mean;
  /** Rows and columns of a cell. */
  readonly cell: Pair;
}

export const pyramidMeans: Pass = {
  name: 'pyramid-means',
  why: 'a pyramid of adaptive means, as PSPNet has it, reads the whole map at every level, the coarsest by few lanes: where cells are made of whole smaller cells their mean is of those',
  apply(graph) {
    const values = infer(graph);
    const tilings = graph.nodes.flatMap(node => tilingOf(node, values.get(node.inputs.x)?.shape) ?? []);
    const placed = new Set<Node>();
    const place = (node: Node): Node[] => {
      if (placed.has(node)) return [];
      placed.add(node);
      const tiling = tilings.find(each => each.node === node);
      const finer = tiling && finerOf(tiling, tilings);
      // It reads nothing but the same map, so that it can stand as early.
      return finer ? [...place(finer.node), from(tiling, finer, values.get(node.name)!.shape)] : [node];
    };
    return { ...graph, nodes: graph.nodes.flatMap(place) } satisfies Graph;
  },
};

function tilingOf(node: Node, x: Shape | undefined): Tiling | null {
  if (node.op === 'mean') return { node, cell: [x!.h, x!.w] };
  if (node.op === 'pool') return x!.h % 2 === 0 && x!.w % 2 === 0 ? { node, cell: [2, 2] } : null;
  if (node.op !== 'window' || node.attributes.kind !== 'mean') return null;
  const { kernel, strides, dilations, pads, h, w } = node.attributes;
  const tiles = [0, 1].every(axis => kernel[axis] === strides[axis] && dilations[axis] === 1 && pads[axis] === 0);
  return tiles && kernel[0] * h === x!.h && kernel[1] * w === x!.w ? { node, cell: kernel } : null;
}

/** The largest cells of the same map of which these are made, but themselves. */
function finerOf({ node, cell }: Tiling, tilings: readonly Tiling[]): Tiling | null {
  const area = ([rows, columns]: Pair): number => rows * columns;
  const able = tilings.filter(
    other =>
      other.node.inputs.x === node.inputs.x &&
      area(other.cell) < area(cell) &&
      cell.every((size, axis) => size % other.cell[axis] === 0),
  );
  return able.sort((a, b) => area(b.cell) - area(a.cell))[0] ?? null;
}

function from({ node, cell }: Tiling, { node: { name: x }, cell: own }: Tiling, { h, w }: Shape): Node {
  if (node.op === 'mean') return { ...node, inputs: { x } };
  const kernel = [cell[0] / own[0], cell[1] / own[1]] as const;
  const attributes = { kind: 'mean', kernel, strides: kernel, dilations: [1, 1], pads: [0, 0], counted: null, h, w } as const;
  return { ...node, op: 'window', inputs: { x }, attributes };
}
