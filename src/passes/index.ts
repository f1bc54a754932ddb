// The story of a network from its paper to its dispatches: small passes in an order where each prepares the next.
import type { Graph } from '../graph/graph.ts';
import { verify } from '../graph/verify.ts';
import { bands } from './bands.ts';
import { classifyEnd } from './classify-end.ts';
import { concatOffset } from './concat-offset.ts';
import { foldBatchnorm } from './fold-batchnorm.ts';
import { fuseRelu } from './fuse-relu.ts';
import { gateOperand } from './gate-operand.ts';
import { mergeBranches } from './merge-branches.ts';
import type { Pass, Target } from './pass.ts';
import { poolEpilogue } from './pool-epilogue.ts';
import { residualEpilogue } from './residual-epilogue.ts';
import { shortcutOperand } from './shortcut-operand.ts';
import { splitWeights } from './split-weights.ts';
import { squeezeExcite } from './squeeze-excite.ts';
import { upsampleAdd } from './upsample-add.ts';

export const passes: readonly Pass[] = [
  mergeBranches,
  foldBatchnorm,
  fuseRelu,
  squeezeExcite,
  gateOperand,
  shortcutOperand,
  residualEpilogue,
  upsampleAdd,
  concatOffset,
  poolEpilogue,
  classifyEnd,
  bands,
  splitWeights,
];

/** All passes, `verify` after each; `onPass` sees every graph on the way. Without a target maps and weights stay whole. */
export function fuse(graph: Graph, target?: Target, onPass?: (pass: Pass, before: Graph, after: Graph) => void): Graph {
  return passes.reduce((before, pass) => {
    const after = verify(pass.apply(before, target));
    onPass?.(pass, before, after);
    return after;
  }, graph);
}
