// One small function an operator: what it makes of values that are known only when the network runs. Each returns the node's outputs, or refuses
// with a reason.
import type { Known } from './array.ts';
import type { Call } from './call.ts';
import type { Mapped } from './layout.ts';
import type { Pen } from './pen.ts';

export type Value = Known | Mapped;

export interface Making extends Call {
  readonly pen: Pen;
  /** Null for an input that is left out. */
  readonly inputs: readonly (Value | null)[];
}

/** The outputs, as many as are read. */
export type Operator = (making: Making) => Value | readonly Value[];
