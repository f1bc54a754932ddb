// Numbers as halves, for packed weights. Those of the largest layers alone are stored so, which RegSeg has not: a page fetches this with networks that have.
import { numberToFloat16 } from './tensor.ts';

export const halves: { readonly encode?: typeof numberToFloat16 } = { encode: numberToFloat16 };
