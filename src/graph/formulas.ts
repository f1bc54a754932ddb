// Curves and operations as functions of numbers, as papers and ONNX have them: what shaders, their slow twins and passes mean by these words.
import type { Curve, Operation } from './numbered.ts';

/** erf by its series below 3 and its continued fraction beyond: right to float64. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let n = 1; n < 100 && Math.abs(term) > 1e-17 * sum; n++) {
      term *= -(z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
}

const clamp = (x: number): number => Math.min(Math.max(x, 0), 1);
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Of two whole numbers as near the even one. */
export function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/** `a` and `b`: bounds, slopes or exponents; of prelu `a` is the channel's own. */
export const curveOf: Readonly<Record<Curve, (x: number, a: number, b: number) => number>> = {
  clip: (x, a, b) => Math.min(Math.max(x, a), b),
  leaky: (x, a) => (x >= 0 ? x : a * x),
  prelu: (x, a) => (x >= 0 ? x : a * x),
  elu: (x, a) => (x >= 0 ? x : a * Math.expm1(x)),
  selu: (x, a, b) => b * (x > 0 ? x : a * Math.expm1(x)),
  celu: (x, a) => (x >= 0 ? x : a * Math.expm1(x / a)),
  'hard-sigmoid': (x, a, b) => clamp(a * x + b),
  'hard-swish': x => x * clamp(x / 6 + 0.5),
  softplus,
  softsign: x => x / (1 + Math.abs(x)),
  mish: x => x * Math.tanh(softplus(x)),
  gelu: x => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  'gelu-tanh': x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  tanh: Math.tanh,
  erf,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  negative: x => -x,
  absolute: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundToEven,
  sign: Math.sign,
  reciprocal: x => 1 / x,
  power: (x, a) => x ** a,
  threshold: (x, a) => (x > a ? x : 0),
  sigmoid: x => 1 / (1 + Math.exp(-x)),
  relu: x => Math.max(x, 0),
  affine: (x, a, b) => a * x + b,
  swish: x => x / (1 + Math.exp(-x)),
  // The quotient is float32's, as runtimes have it.
  quantise: (x, a) => roundToEven(Math.fround(x / a)) * a,
};

/** What two numbers become. */
export const operationOf: Readonly<Record<Operation, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  // True is 1.
  greater: (a, b) => Number(a > b),
  less: (a, b) => Number(a < b),
  equal: (a, b) => Number(a === b),
  power: (a, b) => a ** b,
};
