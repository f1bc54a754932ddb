// Every kernel, the special ones before the general: a node goes to the first that fits.
import { AtrousError } from '../errors.ts';
import type { Node } from '../graph/graph.ts';
import { chain, chainedStem, chainedStemExternal, chainedStemTensor } from './chain.ts';
import { classify } from './classify.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { curved } from './curved.ts';
import { elementwise } from './elementwise.ts';
import { excite } from './excite.ts';
import { exciteHard } from './excite-hard.ts';
import { further } from './further.ts';
import { gated } from './gated.ts';
import { grouped } from './grouped.ts';
import { type Cut, cutOf, type Kernel, type Variant } from './kernel.ts';
import { matrices } from './matrices.ts';
import { octets } from './octets.ts';
import { pointwise } from './pointwise.ts';
import { pool } from './pool.ts';
import { preprocess, preprocessExternal, preprocessTensor, preprocessTile } from './preprocess.ts';
import { softmax } from './softmax.ts';
import { squeeze } from './squeeze.ts';
import { stem, stemExternal, stemTensor } from './stem.ts';
import { tail } from './tail.ts';
import { twin } from './twin.ts';
import { upsample } from './upsample.ts';
import { winograds } from './winograd.ts';
import { workgroups } from './workgroups.ts';

export const early: readonly Kernel[] = [
  preprocess,
  preprocessExternal,
  preprocessTile,
  preprocessTensor,
  stem,
  stemExternal,
  stemTensor,
  chainedStem,
  chainedStemExternal,
  chainedStemTensor,
  chain,
  gated,
  twin,
  pointwise,
  grouped,
  tail,
  conv,
  exciteHard,
  excite,
  squeeze,
  pool,
  upsample,
  elementwise,
  classify,
  softmax,
  concat,
];

/** Asked for anew: a page fills the second list when a network needs it, and the first where it has holes. */
export const kernels = (): readonly Kernel[] => [early, further].flat();

/** Throws `BAD_GRAPH` when no kernel can make a node. */
export function kernelFor(node: Node): Kernel {
  const found = kernels().find(({ ops, fits }) => ops.includes(node.op) && fits(node));
  if (!found) throw new AtrousError('BAD_GRAPH', `no kernel makes ${node.op} "${node.name}" ${JSON.stringify(node.attributes)}`);
  return found;
}

/** Rows that stand apart from their kernels, the better guess first; matrices are for plans that round maps, on adapters that have them. */
export const apart: readonly Readonly<Record<string, Variant | readonly Variant[]>>[] = [matrices, workgroups, octets, winograds];

/** All variants of a kernel. */
export function rowsOf({ name, variants }: Kernel): readonly Variant[] {
  return [...apart.flatMap(rows => rows[name] ?? []), ...variants];
}

/** The variants that can make a node. */
export function variantsFor(kernel: Kernel, node: Node): readonly Variant[] {
  return rowsOf(kernel).filter(({ fits }) => fits?.(node) ?? true);
}

/** How a step's constants are packed. By its kernel's name: the step that reads the frame may be another kernel's than the graph's node is. */
export function packFor({ kernel: word, shader }: { readonly kernel: string; readonly shader: string }): NonNullable<Cut['pack']> {
  for (const kernel of kernels()) {
    const variant = kernel.name === word && rowsOf(kernel).find(row => row.shader === shader);
    if (!variant) continue;
    const { pack } = cutOf(kernel, variant);
    return curved.packing?.(pack) ?? pack!;
  }
  throw new AtrousError('BAD_GRAPH', `no kernel ${word} has the shader ${shader}`);
}
