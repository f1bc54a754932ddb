// The story of a network from its paper to its dispatches: small passes in an order where each prepares the next.
import type { Graph } from '../graph/graph.ts';
import { verify } from '../graph/verify.ts';
import { bands } from './bands.ts';
import { broadcast } from './broadcast.ts';
import { chain } from './chain.ts';
import { classifierEpilogue } from './classifier-epilogue.ts';
import { classifyEnd } from './classify-end.ts';
import { concatOffset } from './concat-offset.ts';
import { concatOperand } from './concat-operand.ts';
import { concatQuads } from './concat-quads.ts';
import { foldBatchnorm } from './fold-batchnorm.ts';
import { foldPad } from './fold-pad.ts';
import { fuseActivation } from './fuse-activation.ts';
import { fuseRelu } from './fuse-relu.ts';
import { gateOperand } from './gate-operand.ts';
import { gatePrologue } from './gate-prologue.ts';
import { mergeBranches } from './merge-branches.ts';
import { mergeCopies } from './merge-copies.ts';
import { mergeNorms } from './merge-norms.ts';
import type { Pass, Target } from './pass.ts';
import { pixelShuffle } from './pixel-shuffle.ts';
import { poolEpilogue } from './pool-epilogue.ts';
import { pyramidMeans } from './pyramid-means.ts';
import { recalibrate } from './recalibrate.ts';
import { recompose } from './recompose.ts';
import { residualEpilogue } from './residual-epilogue.ts';
import { resizeBehind } from './resize-behind.ts';
import { resizeSum } from './resize-sum.ts';
import { shortcutOperand } from './shortcut-operand.ts';
import { splitOutputs } from './split-outputs.ts';
import { splitWeights } from './split-weights.ts';
import { squeezeExcite } from './squeeze-excite.ts';
import { transposedConv } from './transposed-conv.ts';
import { transposedNorm } from './transposed-norm.ts';
import { transposedPhases } from './transposed-phases.ts';
import { twinOutputs } from './twin-outputs.ts';
import { upsampleAdd } from './upsample-add.ts';
import { wideFirst } from './wide-first.ts';

export const passes: readonly Pass[] = [
  foldPad,
  broadcast,
  recompose,
  mergeNorms,
  transposedConv,
  mergeBranches,
  foldBatchnorm,
  transposedNorm,
  resizeBehind,
  fuseRelu,
  squeezeExcite,
  recalibrate,
  gateOperand,
  shortcutOperand,
  residualEpilogue,
  gatePrologue,
  pyramidMeans,
  upsampleAdd,
  resizeSum,
  concatOperand,
  twinOutputs,
  splitOutputs,
  chain,
  concatQuads,
  concatOffset,
  mergeCopies,
  poolEpilogue,
  classifierEpilogue,
  classifyEnd,
  fuseActivation,
  pixelShuffle,
  transposedPhases,
  bands,
  splitWeights,
  wideFirst,
];

/** The passes that pay on an adapter. */
export function passesFor(target: Target): readonly Pass[] {
  return passes.filter(({ needs = {} }) => !needs.barriers || target.barriers);
}

/** Those passes in order, `verify` after each; `onPass` sees every graph on the way. */
export function fuse(graph: Graph, target: Target, onPass?: (pass: Pass, before: Graph, after: Graph) => void): Graph {
  return passesFor(target).reduce((before, pass) => {
    const after = verify(pass.apply(before, target));
    onPass?.(pass, before, after);
    return after;
  }, graph);
}
