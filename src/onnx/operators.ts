// Every operator that stays in the graph, by its name.
import type { Operator } from './operator.ts';
import { convolutions } from './operators/convolutions.ts';
import { elementwise } from './operators/elementwise.ts';
import { moves } from './operators/moves.ts';
import { norms } from './operators/norms.ts';
import { places } from './operators/places.ts';
import { pools } from './operators/pools.ts';
import { products } from './operators/products.ts';
import { quantised } from './operators/quantised.ts';
import { reductions } from './operators/reductions.ts';
import { resizes } from './operators/resizes.ts';
import { samples } from './operators/samples.ts';
import { sums } from './operators/sums.ts';

export const operators: ReadonlyMap<string, Operator> = new Map(
  [convolutions, products, norms, pools, resizes, elementwise, moves, reductions, samples, quantised, sums, places].flatMap(table =>
    Object.entries(table),
  ),
);
