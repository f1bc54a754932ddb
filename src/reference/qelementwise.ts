// Truth for what happens to codes one by one: numbers to codes and back, a gate, a sum.
import { codeOf, held, PARTS, ratio, scaled } from '../graph/codes.ts';
import type { Codes, NodeOf } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

export function quantise(x: Field, to: Codes): Field {
  return field(
    x,
    x.data.map(value => codeOf(value, to)),
  );
}

export function dequantise(x: Field, { scale, zero }: Codes): Field {
  return field(
    x,
    x.data.map(code => Math.fround((code - zero) * Math.fround(scale))),
  );
}

/** y = zero + round((x − zero_x) · (gate · s_x/s_y)), the factor of a channel one float32. */
export function qscale(x: Field, gate: Field, { from, to }: NodeOf<'qscale'>['attributes']): Field {
  const pixels = x.h * x.w;
  const factors = gate.data.map(value => Math.fround(Math.fround(value) * ratio(from.scale, to.scale)));
  return field(
    x,
    x.data.map((code, n) => held(scaled(code - from.zero, factors[Math.floor(n / pixels)]) + to.zero, -128, 127)),
  );
}

/** Each operand in 256ths of the result's codes, rounded, and then their sum, halves up. */
export function qadd(x: Field, other: Field | null, { from, beside, to, low, high }: NodeOf<'qadd'>['attributes']): Field {
  const parts = (code: number, codes: Codes): number => scaled(code - codes.zero, ratio(codes.scale * PARTS, to.scale));
  return field(
    x,
    x.data.map((code, n) => {
      const sum = parts(code, from) + (other ? parts(other.data[n], beside!) : 0);
      return held(Math.floor((sum + PARTS / 2) / PARTS) + to.zero, low, high);
    }),
  );
}
