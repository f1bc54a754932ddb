// conv → hard swish, add → GELU, …  ⇒  the same with the curve in the epilogue.

import { ended } from './fuse-relu.ts';
import { type Pass, rewrite } from './pass.ts';

export const fuseActivation: Pass = {
  name: 'fuse-activation',
  why: 'a curve of a number that is still in a register costs its arithmetic alone; last, because gates and classes are told by their sigmoid',
  apply: graph => rewrite(graph, 'activate', ended),
};
