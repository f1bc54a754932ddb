// Sums of products by letters, Einsum: axes are put where a product of matrices, or of numbers one by one, has them. And sums along an axis.
import { count } from '../../weights/tensor.ts';
import { axisOf, type Known, known, reshaped } from '../array.ts';
import { intOf, textOf } from '../call.ts';
import { transposed } from '../fold.ts';
import { type Mapped, regrouped } from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { refuse } from '../refusal.ts';
import { combine } from './elementwise.ts';
import { anyMap, mustKnow, nameOf } from './inputs.ts';
import { multiplied, products } from './products.ts';
import { reduced } from './reductions.ts';

export const sums: Record<string, Operator> = { Einsum: einsum, CumSum: cumulative };

/** A value whose axes have letters. */
interface Term {
  readonly value: Value;
  readonly letters: readonly string[];
}

function einsum(making: Making): Value {
  const equation = textOf(making.node, 'equation', '').replaceAll(' ', '');
  const [left, right] = equation.split('->');
  const names = left.split(',');
  if (names.length !== making.inputs.length) refuse(`${making.inputs.length} inputs in ${equation}`);
  let terms = names.map((each, n): Term => {
    const value = making.inputs[n] ?? refuse(`input ${n} is left out`);
    return { value, letters: lettersOf(each, value.dims.length, equation) };
  });
  const once = terms.flatMap(({ letters }) => letters).filter((letter, _, all) => all.filter(each => each === letter).length === 1);
  const rank = Math.max(...terms.map(({ letters }) => letters.filter(isDot).length));
  const out = right === undefined ? once.sort() : lettersOf(right, right.replace('...', '').length + rank, equation);
  for (let step = 0; terms.length > 1; step++) {
    const [a, b, ...rest] = terms;
    const needed = new Set([...out, ...rest.flatMap(({ letters }) => letters)]);
    terms = [pair(making, a, b, needed, `${nameOf(making)}.${step}`), ...rest];
  }
  const [last] = terms;
  const only = without(making, last, new Set(out), `${nameOf(making)}.sum`);
  return turned(making, only, out).value;
}

/** Axes behind "..." are counted from the last. */
const isDot = (letter: string): boolean => letter.startsWith('.');

function lettersOf(text: string, rank: number, equation: string): string[] {
  const [before, behind] = text.split('...');
  const more = rank - before.length - (behind?.length ?? 0);
  if (behind === undefined ? more !== 0 : more < 0) refuse(`${rank} axes for ${text} in ${equation}`);
  const letters = [...before, ...Array.from({ length: more }, (_, n) => `.${more - n}`), ...(behind ?? '')];
  if (new Set(letters).size < letters.length) refuse(`a letter twice in ${text} of ${equation}`);
  return letters;
}

/** Summed over the letters that nobody needs. */
function without(making: Making, { value, letters }: Term, needed: ReadonlySet<string>, name: string): Term {
  const axes = letters.flatMap((letter, n) => (needed.has(letter) ? [] : [n]));
  if (axes.length === 0) return { value, letters };
  const x = anyMap({ ...making, inputs: [value] });
  return { value: reduced(making, x, 'sum', axes, false, name), letters: letters.filter(letter => needed.has(letter)) };
}

function pair(making: Making, p: Term, q: Term, needed: ReadonlySet<string>, name: string): Term {
  const both = new Set(p.letters.filter(letter => q.letters.includes(letter)));
  const kept = new Set([...needed, ...both]);
  const [a, b] = [without(making, p, kept, `${name}.a`), without(making, q, kept, `${name}.b`)];
  const batch = a.letters.filter(letter => both.has(letter) && needed.has(letter));
  const summed = a.letters.filter(letter => both.has(letter) && !needed.has(letter));
  const [left, right] = [a, b].map(({ letters }) => letters.filter(letter => !both.has(letter)));
  const sizes = new Map([a, b].flatMap(({ value, letters }) => letters.map((letter, n) => [letter, value.dims[n]] as const)));
  const dims = (letters: readonly string[]): number[] => letters.map(letter => sizes.get(letter)!);
  const letters = [...batch, ...left, ...right];
  const x = turned(making, a, [...batch, ...left, ...summed]).value;
  const y = turned(making, b, [...batch, ...(summed.length ? summed : []), ...right]).value;
  if (summed.length === 0) {
    const [wide, narrow] = [
      [...dims(batch), ...dims(left), ...right.map(() => 1)],
      [...dims(batch), ...left.map(() => 1), ...dims(right)],
    ];
    return { value: combine(making, 'mul', shaped(making, x, wide), shaped(making, y, narrow), name), letters };
  }
  const [n, l, k, r] = [batch, left, summed, right].map(list => count(dims(list)));
  const inputs = [shaped(making, x, n > 1 ? [n, l, k] : [l, k]), shaped(making, y, n > 1 ? [n, k, r] : [k, r])];
  const node = { ...making.node, outputs: [name] };
  // Two that are known are a map and a matrix.
  if (inputs.every(({ kind }) => kind === 'known')) inputs[0] = anyMap({ ...making, node, inputs });
  return { value: shaped(making, products.MatMul({ ...making, node, inputs }) as Value, dims(letters)), letters };
}

function turned(making: Making, { value, letters }: Term, to: readonly string[]): Term {
  const order = to.map(letter => (letters.includes(letter) ? letters.indexOf(letter) : refuse(`${letter} stands in no input`)));
  if (order.every((from, n) => from === n)) return { value, letters };
  if (value.kind === 'known') return { value: transposed(making, value, order), letters: to };
  return {
    value: { ...value, dims: order.map(n => value.dims[n]), axes: order.map(n => value.axes[n]) },
    letters: to,
  };
}

function shaped(_: Making, value: Value, dims: readonly number[]): Value {
  if (value.kind === 'known') return reshaped(value, dims);
  return { ...value, dims, axes: regrouped(value, dims) };
}

/** A product by a matrix of ones and zeros. */
function cumulative(making: Making): Mapped {
  const { node } = making;
  const x = anyMap(making);
  const axis = axisOf(mustKnow(making, 1).values()[0], x.dims.length);
  const size = x.dims[axis];
  const [exclusive, reverse] = [intOf(node, 'exclusive', 0), intOf(node, 'reverse', 0)];
  making.spend([size, size]);
  const counts = (from: number, to: number): boolean => (exclusive ? from < to : from <= to);
  const ones: Known = known(
    'float',
    [size, size],
    Array.from({ length: size * size }, (_, n) => {
      const [from, to] = [Math.floor(n / size), n % size];
      return Number(reverse ? counts(to, from) : counts(from, to));
    }),
  );
  const order = [...x.dims.keys()].filter(n => n !== axis);
  const last = { ...x, dims: [...order, axis].map(n => x.dims[n]), axes: [...order, axis].map(n => x.axes[n]) };
  const y = multiplied(making, last, ones, false, 1, null, 1);
  const back = x.dims.map((_, n) => (n === axis ? order.length : order.indexOf(n)));
  return { ...y, dims: back.map(n => y.dims[n]), axes: back.map(n => y.axes[n]) };
}
