// Every kernel, the special ones before the general: a node goes to the first that fits.
import { AtrousError } from '../errors.ts';
import type { Node } from '../graph/graph.ts';
import { adaptive } from './adaptive.ts';
import { classify } from './classify.ts';
import { conv } from './conv.ts';
import { elementwise } from './elementwise.ts';
import { excite } from './excite.ts';
import { grouped } from './grouped.ts';
import { type Cut, cutOf, type Kernel } from './kernel.ts';
import { pointwise } from './pointwise.ts';
import { pool } from './pool.ts';
import { preprocess, preprocessTensor } from './preprocess.ts';
import { squeeze } from './squeeze.ts';
import { upsample } from './upsample.ts';
import { warp } from './warp.ts';

export const kernels: readonly Kernel[] = [
  preprocess,
  preprocessTensor,
  pointwise,
  grouped,
  conv,
  excite,
  squeeze,
  pool,
  upsample,
  adaptive,
  warp,
  elementwise,
  classify,
];

/** Throws `BAD_GRAPH` when no kernel can make a node. */
export function kernelFor(node: Node): Kernel {
  const found = kernels.find(({ ops, fits }) => ops.includes(node.op) && fits(node));
  if (!found) throw new AtrousError('BAD_GRAPH', `no kernel makes ${node.op} "${node.name}" ${JSON.stringify(node.attributes)}`);
  return found;
}

/** How the kernel's variant of that name packs a node's constants. */
export function packFor(node: Node, variant: string): NonNullable<Cut['pack']> {
  const kernel = kernelFor(node);
  return cutOf(kernel, kernel.variants.find(({ name }) => name === variant)!).pack!;
}
