// Products by a matrix that is known: 1×1 convolutions of a map whose channels are the axis that is summed over.
import { count } from '../../weights/tensor.ts';
import { type Known, known, printDims } from '../array.ts';
import { floatOf, intOf } from '../call.ts';
import type { Mapped } from '../layout.ts';
import type { Making, Operator } from '../operator.ts';
import { refuse } from '../refusal.ts';
import { anyMap, knownIn, nameOf } from './inputs.ts';
import { channelsAt } from './reductions.ts';

export const products: Record<string, Operator> = {
  MatMul: making => multiplied(making, matrixOf(making), false, 1, null, 1),
  Gemm: making => {
    const { node } = making;
    if (intOf(node, 'transA', 0)) refuse('its first operand is turned');
    const turned = intOf(node, 'transB', 0) !== 0;
    return multiplied(making, matrixOf(making), turned, floatOf(node, 'alpha', 1), knownIn(making, 2), floatOf(node, 'beta', 1));
  },
};

function matrixOf(making: Making): Known {
  if (making.inputs[0]?.kind !== 'map' || making.inputs[1]?.kind === 'map')
    refuse('a product of two maps, or of a matrix by a map: only of a map by a known matrix');
  const matrix = knownIn(making, 1) ?? refuse('input 1 is left out');
  return matrix.dims.length === 2 ? matrix : refuse(`a product by ${printDims(matrix.dims)}, it must be a matrix`);
}

/** x · matrix · alpha + bias · beta. */
function multiplied(making: Making, matrix: Known, turned: boolean, alpha: number, bias: Known | null, beta: number): Mapped {
  const { pen } = making;
  const x = anyMap(making);
  const axis = x.dims.length - 1;
  const there = channelsAt(making, x, axis);
  const [k, n] = turned ? [matrix.dims[1], matrix.dims[0]] : matrix.dims;
  if (k !== x.dims[axis]) refuse(`a product of ${printDims(x.dims)} by ${printDims(matrix.dims)}`);
  if (bias && count(bias.dims) !== n && count(bias.dims) !== 1) refuse(`a sum with ${printDims(bias.dims)}`);
  making.spend([k, n]);
  const values = matrix.values();
  const weight = Array.from(
    { length: n * k },
    (_, at) => alpha * (turned ? values[at] : values[(at % k) * n + Math.floor(at / k)]),
  );
  const name = nameOf(making);
  const added = bias?.values();
  const constants = {
    weight: pen.weights(`${name}.weight`, known('float', [n, k], weight), [n, k, 1, 1]),
    ...(added
      ? {
          bias: pen.table(
            `${name}.bias`,
            [n],
            Array.from({ length: n }, (_, o) => beta * added[added.length === 1 ? 0 : o]),
          ),
        }
      : {}),
  };
  const geometry = { kernel: [1, 1], strides: [1, 1], dilations: [[1, 1]], pads: [[0, 0, 0, 0]], groups: 1 } as const;
  const value = pen.emit('conv', name, { x: there.value }, { geometry, fused: {} }, constants);
  const dims = x.dims.map((size, at) => (at === axis ? n : size));
  const axes = there.axes.map((list, at) => (at !== axis ? list : n > 1 ? [{ axis: 'c' as const, size: n, step: 1 }] : []));
  return { ...there, value, dims, axes, shape: { ...there.shape, c: n } };
}
