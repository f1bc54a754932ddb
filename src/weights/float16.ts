// Numbers as halves. Weights of the largest layers alone are stored so, which RegSeg has not: a page fetches it with the networks that have.

const wide = new Float64Array(1);
const words = new Uint32Array(wide.buffer);

/** The bits of the nearest binary16, ties to even. From 65520 on that is infinity (0x7c00); NaN gives 0x7e00. */
export function numberToFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  wide[0] = value;
  const sign = (words[1] >>> 16) & 0x8000;
  const exponent = Math.max(((words[1] >>> 20) & 0x7ff) - 1023, -14);
  if (exponent > 15) return sign | 0x7c00;
  // Below 2^-14 the step stays 2^-24. A carry out of the fraction runs into the exponent, as the format wants, up to infinity.
  return sign | (((exponent + 14) << 10) + roundToEven(Math.abs(value) / 2 ** (exponent - 10)));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** In a build an empty one until such a network is there. */
export const halves: { readonly encode?: typeof numberToFloat16 } = { encode: numberToFloat16 };
