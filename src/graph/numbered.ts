// Words whose places in their lists are their numbers in shaders.

/** Functions of one number (formulas.ts has them). */
export type Curve = (typeof curves)[number];
export const curves = [
  ...(['clip', 'leaky', 'elu', 'selu', 'celu', 'hard-sigmoid', 'hard-swish', 'softplus', 'softsign', 'mish'] as const),
  ...(['gelu', 'gelu-tanh', 'tanh', 'erf', 'exp', 'log', 'sqrt', 'negative', 'absolute', 'floor', 'ceil', 'round'] as const),
  ...(['sign', 'reciprocal', 'power', 'threshold', 'prelu', 'sigmoid', 'relu', 'quantise', 'affine', 'swish'] as const),
] as const;

/** Curves that have bounds, slopes or exponents: one number for all channels, or two. */
export const numbered: readonly Curve[] = [
  ...(['clip', 'leaky', 'elu', 'selu', 'celu', 'hard-sigmoid', 'power', 'threshold', 'quantise', 'affine'] as const),
];

/** What two values become, pixel by pixel. */
export type Operation = (typeof operations)[number];
export const operations = ['add', 'sub', 'mul', 'div', 'max', 'min', 'greater', 'less', 'equal', 'power'] as const;

/** What many values of an axis become. */
export type Reduction = (typeof reductions)[number];
export const reductions = ['mean', 'sum', 'max', 'min', 'l1', 'l2', 'squares', 'variance'] as const;
