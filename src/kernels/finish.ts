// The form of a descriptor for what is done with a class map behind a plan: no node of a graph, a dispatch by itself.
import type { Params } from '../shader/pack.ts';

export interface Finish<A> {
  /** Of the shader too. */
  readonly name: string;
  overrides(task: A): Record<string, number | boolean>;
  params(task: A): Params;
  /** Invocations that have work. */
  lanes(task: A): number;
}
