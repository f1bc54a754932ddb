// Names of variants, as callers give them.
import { AtrousError } from '../errors.ts';
import { kernels, rowsOf } from '../kernels/index.ts';

/** Throws `BAD_USAGE` for a name that no kernel has. */
export function checkChoice(choice: readonly string[]): void {
  const known = new Set(kernels().flatMap(kernel => rowsOf(kernel).map(({ name }) => name)));
  for (const name of choice) {
    if (!known.has(name))
      throw new AtrousError('BAD_USAGE', `--variants: no kernel has a variant "${name}"; known are auto, ${[...known].join(', ')}`);
  }
}
