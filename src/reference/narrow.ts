// Truth for narrowing: how a map is stored is no matter of numbers.
import type { Field } from './field.ts';

export const narrow = (x: Field): Field => x;
