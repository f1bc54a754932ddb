// Every kernel, the special ones before the general: a node goes to the first that fits.
import { AtrousError } from '../errors.ts';
import type { Node } from '../graph/graph.ts';
import { adaptive } from './adaptive.ts';
import { attention } from './attention.ts';
import { chain, chainedStem, chainedStemExternal, chainedStemTensor } from './chain.ts';
import { classify } from './classify.ts';
import { combine } from './combine.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { curved } from './curved.ts';
import { deconv, deconvClasses } from './deconv.ts';
import { depthwise } from './depthwise.ts';
import { elementwise } from './elementwise.ts';
import { excite } from './excite.ts';
import { exciteHard } from './excite-hard.ts';
import { gated } from './gated.ts';
import { grouped } from './grouped.ts';
import { interleave } from './interleave.ts';
import { type Cut, cutOf, type Kernel, type Variant } from './kernel.ts';
import { layernorm } from './layernorm.ts';
import { matrices } from './matrices.ts';
import { matte } from './matte.ts';
import { merge } from './merge.ts';
import { moments } from './moments.ts';
import { move } from './move.ts';
import { pointwise } from './pointwise.ts';
import { pool } from './pool.ts';
import { preprocess, preprocessExternal, preprocessTensor, preprocessTile } from './preprocess.ts';
import { product } from './product.ts';
import { qconv } from './qconv.ts';
import { qelementwise } from './qelementwise.ts';
import { qpool } from './qpool.ts';
import { qresize } from './qresize.ts';
import { qsums } from './qsums.ts';
import { reduce } from './reduce.ts';
import { resample } from './resample.ts';
import { sample } from './sample.ts';
import { slide } from './slide.ts';
import { softmax } from './softmax.ts';
import { squeeze } from './squeeze.ts';
import { stem, stemExternal, stemTensor } from './stem.ts';
import { sums } from './sums.ts';
import { tail } from './tail.ts';
import { transposed } from './transposed.ts';
import { twin } from './twin.ts';
import { unpool } from './unpool.ts';
import { upsample } from './upsample.ts';
import { warp } from './warp.ts';
import { window } from './window.ts';
import { winners } from './winners.ts';
import { winograds } from './winograd.ts';
import { workgroups } from './workgroups.ts';
import { zoom, zoomClasses } from './zoom.ts';

export const kernels: readonly Kernel[] = [
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
  sums,
  squeeze,
  pool,
  upsample,
  merge,
  adaptive,
  warp,
  elementwise,
  classify,
  softmax,
  zoom,
  zoomClasses,
  deconv,
  deconvClasses,
  depthwise,
  slide,
  transposed,
  interleave,
  window,
  winners,
  unpool,
  sample,
  combine,
  reduce,
  resample,
  move,
  concat,
  matte,
  layernorm,
  moments,
  product,
  attention,
  qconv,
  qelementwise,
  qsums,
  qpool,
  qresize,
];

/** Throws `BAD_GRAPH` when no kernel can make a node. */
export function kernelFor(node: Node): Kernel {
  const found = kernels.find(({ ops, fits }) => ops.includes(node.op) && fits(node));
  if (!found) throw new AtrousError('BAD_GRAPH', `no kernel makes ${node.op} "${node.name}" ${JSON.stringify(node.attributes)}`);
  return found;
}

/** Rows that stand apart from their kernels, the better guess first; matrices are for plans that round maps, on adapters that have them. */
const apart: readonly Readonly<Record<string, Variant | readonly Variant[]>>[] = [matrices, workgroups, winograds];

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
  for (const kernel of kernels) {
    const variant = kernel.name === word && rowsOf(kernel).find(row => row.shader === shader);
    if (!variant) continue;
    const { pack } = cutOf(kernel, variant);
    return curved.packing?.(pack) ?? pack!;
  }
  throw new AtrousError('BAD_GRAPH', `no kernel ${word} has the shader ${shader}`);
}
