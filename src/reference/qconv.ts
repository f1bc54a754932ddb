// Truth for the convolution of codes: whole numbers, exactly as every adapter makes them.
import { held, MOST_SUM, scaled, type WeightCodes, weightCodes } from '../graph/codes.ts';
import type { NodeOf } from '../graph/graph.ts';
import { conv } from './conv.ts';
import { type Field, field } from './field.ts';

export interface QconvOptions {
  readonly attributes: NodeOf<'qconv'>['attributes'];
  /** OIHW, numbers. */
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  readonly out: number;
  /** Codes of the result's size. */
  readonly residual: Field | null;
}

/** sum = b + Σ w·(x − zero) + round((r − zero_r)·factor_r);  y = hold(round(sum·factor) + zero_y, low, high), or sum·factor as a number. */
export function qconv(x: Field, { attributes, weight, bias, out, residual }: QconvOptions): Field {
  const { geometry, from, to, beside, low, high } = attributes;
  const made: WeightCodes = weightCodes(weight, bias, out, attributes);
  const sums = conv(away(x, from.zero), {
    geometry,
    weight: Float64Array.from(made.codes),
    bias: Float64Array.from(made.bias),
    out,
  });
  const pixels = sums.h * sums.w;
  return field(
    sums,
    sums.data.map((sum, n) => {
      const o = Math.floor(n / pixels);
      const whole = residual ? sum + scaled(residual.data[n] - beside!.zero, made.residual[o]) : sum;
      return to
        ? held(scaled(whole, made.factors[o]) + to.zero, low, high)
        : Math.fround(held(whole, -MOST_SUM, MOST_SUM) * made.factors[o]);
    }),
  );
}

/** Codes less the one of zero: zero beyond the map. */
export function away(x: Field, zero: number): Field {
  return field(
    x,
    x.data.map(code => code - zero),
  );
}
