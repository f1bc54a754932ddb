// Whole numbers that stand for others by a scale and a zero. Maps are rounded and cut as a file says, but kept as what they stand for.
import type { Activation } from '../../graph/graph.ts';
import type { Operation } from '../../graph/numbered.ts';
import { count } from '../../weights/tensor.ts';
import { axisOf, type Known, known, printDims } from '../array.ts';
import { intOf } from '../call.ts';
import { rangeOf } from '../fold.ts';
import type { Mapped, Steps } from '../layout.ts';
import type { Making, Operator } from '../operator.ts';
import { refuse } from '../refusal.ts';
import { emitConstant, laidLike } from './elementwise.ts';
import { anyMap, input, knownIn, mustKnow, nameOf } from './inputs.ts';

export const quantised: Record<string, Operator> = {
  QuantizeLinear: quantise,
  // What a map is quantised by is known only when the network runs: it stays as it is, by a scale of 1, and only the weights lose what int8 loses.
  DynamicQuantizeLinear: making => [anyMap(making), known('float', [], [1]), known('int', [], [0])],
  DequantizeLinear: dequantise,
};

/** Of a map, and the range of its whole numbers. */
function stepsOf(making: Making, { dims }: Mapped): Steps & { low: number; high: number } {
  const [scale, zero] = [mustKnow(making, 1), knownIn(making, 2)];
  const scales = Array.from(scale.values());
  const zeros = zero ? Array.from(zero.values()) : scales.map(() => 0);
  const axis = scales.length === 1 ? null : axisOf(intOf(making.node, 'axis', 1), dims.length);
  if (intOf(making.node, 'block_size', 0) !== 0) refuse('a scale for a part of an axis');
  if (zeros.length !== scales.length || (axis !== null && scales.length !== dims[axis]))
    refuse(`${scales.length} scales and ${zeros.length} zeros of a map of ${printDims(dims)}`);
  const [low, high] = rangeOf(zero);
  return { scales, zeros, axis, low, high };
}

/** Rounded and cut as the whole numbers would be, but kept as what they stand for. */
export function quantise(making: Making): Mapped {
  const { pen } = making;
  const x = anyMap(making);
  const { scales, zeros, axis, low, high } = stepsOf(making, x);
  const quantised = { scales, zeros, axis };
  const name = nameOf(making);
  const after = (from: string, suffix: string, activation: Activation): string =>
    pen.emit('activate', `${name}${suffix}`, { x: from }, activation);
  if (axis === null) {
    const [[scale], [zero]] = [scales, zeros];
    const rounded = after(x.value, '.rounded', { curve: 'quantise', a: scale, b: 0 });
    return { ...x, value: after(rounded, '', { curve: 'clip', a: (low - zero) * scale, b: (high - zero) * scale }), quantised };
  }
  const own = x.dims.map((size, n) => (n === axis ? size : 1));
  const by = (operation: Operation, from: Mapped, values: readonly number[], suffix: string): Mapped => {
    const laid = laidLike(making, from, known('float', own, values));
    return emitConstant(making, operation, laid, false, x.dims, `${name}${suffix}`);
  };
  const quotient = by('div', x, scales, '.quotient');
  const rounded = { ...quotient, value: after(quotient.value, '.rounded', { curve: 'round', a: 0, b: 0 }) };
  const [least, most] = [low, high].map(bound => zeros.map(zero => bound - zero));
  const cut = by('min', by('max', rounded, least, '.least'), most, '.most');
  return { ...by('mul', cut, scales, ''), quantised };
}

export function dequantise(making: Making): Mapped {
  const x = input(making, 0);
  if (x?.kind !== 'map' || !x.quantised) return refuse('whole numbers that no QuantizeLinear made');
  const { scales, zeros, axis } = stepsOf(making, x);
  if (JSON.stringify(x.quantised) !== JSON.stringify({ scales, zeros, axis })) refuse('other steps than its QuantizeLinear has');
  const { quantised: _, ...plain } = x;
  return plain;
}

/** Weights as what they stand for; scales and zeros are one, or one an output. */
export function quantisedWeight(making: Making, axis = 0): Known {
  const [weight, scale, zero] = [mustKnow(making, 0), mustKnow(making, 1), knownIn(making, 2)];
  making.spend(weight.dims);
  const [values, scales, zeros] = [weight.values(), scale.values(), zero?.values() ?? [0]];
  const each = count(weight.dims.slice(axis + 1));
  for (const list of [scales, zeros])
    if (list.length !== 1 && list.length !== weight.dims[axis])
      refuse(`${list.length} scales or zeros for ${weight.dims[axis]} outputs`);
  const of = (list: ArrayLike<number>, n: number): number => list[list.length === 1 ? 0 : Math.floor(n / each) % weight.dims[axis]];
  return known(
    'float',
    weight.dims,
    Array.from({ length: values.length }, (_, n) => (values[n] - of(zeros, n)) * of(scales, n)),
  );
}
