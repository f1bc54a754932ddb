// What a checkpoint of a network holds.
import { tensorsOf } from '../graph/constant.ts';
import type { Graph } from '../graph/graph.ts';
import type { Size } from '../image/size.ts';
import type { Network } from './network.ts';

/** A size that the network takes, for what does not depend on it: names and shapes of tensors, parameters. */
export function anySize({ tile }: Network): Size {
  return tile ? { h: tile.height, w: tile.width } : { h: 32, w: 32 };
}

/** Tensors of a network's checkpoint: name → shape, as published. */
export function expectedTensors(graph: Graph): Map<string, readonly number[]> {
  return new Map(graph.nodes.flatMap(node => Object.values(node.constants).flatMap(tensorsOf)));
}
