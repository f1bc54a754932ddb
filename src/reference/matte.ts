// Truth for a matte: a single channel's probability at every pixel of the picture, as a byte.
import type { Decision } from '../graph/decision.ts';
import { sigmoid } from './activate.ts';
import type { Field } from './field.ts';
import { upsample } from './upsample.ts';

type Options = { readonly h: number; readonly w: number } & Pick<Decision, 'activation'>;

/** 1×h×w, 0 to 1 where x is what it is said to be. */
export function probabilities(x: Field, options: Options): Field {
  const y = upsample(x, options);
  return options.activation === 'sigmoid' ? { ...y, data: y.data.map(sigmoid) } : y;
}

/** The nearest of 0 to 255. */
export function matte(x: Field, options: Options): Field {
  const y = probabilities(x, options);
  return { ...y, data: y.data.map(value => Math.round(Math.min(Math.max(value, 0), 1) * 255)) };
}
