// Every operator that stays in the graph, by its name.
import type { Operator } from './operator.ts';
import { convolutions } from './operators/convolutions.ts';
import { elementwise } from './operators/elementwise.ts';
import { moves } from './operators/moves.ts';
import { pools } from './operators/pools.ts';
import { reductions } from './operators/reductions.ts';
import { resizes } from './operators/resizes.ts';

export const operators: ReadonlyMap<string, Operator> = new Map(
  [convolutions, pools, resizes, elementwise, moves, reductions].flatMap(table => Object.entries(table)),
);
