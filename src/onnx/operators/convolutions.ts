// Convolutions, plain and transposed.
import type { Constant } from '../../graph/constant.ts';
import type { Geometry as Whole } from '../../graph/graph.ts';
import { count } from '../../weights/tensor.ts';
import { type Known, known, printDims } from '../array.ts';
import { intOf, intsOf, textOf } from '../call.ts';
import type { Mapped } from '../layout.ts';
import type { Making, Operator } from '../operator.ts';
import { refuse } from '../refusal.ts';
import { dimsLike, knownIn, made, mapIn, mustKnow, nameOf } from './inputs.ts';
import { dequantise, quantise, quantisedWeight } from './quantised.ts';
import { type Geometry, geometryOf, lengthOf } from './sliding.ts';

export const convolutions: Record<string, Operator> = {
  Conv: convolution,
  ConvTranspose: transposed,
  ConvInteger: dequantised,
  QLinearConv: quantised,
};

/** A weight with two axes for the kernel: one along a row has its length alone. */
function kernelShape(x: Mapped, { dims }: Known): [number, number, number, number] {
  const [a, b, ...kernel] = dims;
  if (dims.length !== x.dims.length) refuse(`a weight of shape ${printDims(dims)} for a map of shape ${printDims(x.dims)}`);
  return kernel.length === 1 ? [a, b, 1, kernel[0]] : [a, b, kernel[0], kernel[1]];
}

function biasOf(making: Making, out: number): Record<string, Constant> {
  const bias = knownIn(making, 2);
  if (!bias) return {};
  if (count(bias.dims) !== out) refuse(`${count(bias.dims)} biases for ${out} outputs`);
  return { bias: making.pen.weights(`${nameOf(making)}.bias`, bias, [out]) };
}

function convolution(making: Making): Mapped {
  const { node, pen } = making;
  const x = mapIn(making);
  const weight = mustKnow(making, 1);
  const shape = kernelShape(x, weight);
  const groups = intOf(node, 'group', 1);
  const [out, inputs, ...kernel] = shape;
  if (!(groups > 0) || inputs * groups !== x.shape.c || out % groups)
    refuse(`${groups} groups of ${inputs} channels to ${out}, the map has ${x.shape.c}`);
  const geometry = geometryOf(node, x, x.dims.length === 3 ? kernel.slice(1) : kernel);
  if (geometry.kernel.join() !== kernel.join())
    refuse(`kernel_shape ${geometry.kernel.join('×')}, the weight has ${kernel.join('×')}`);
  const [h, w] = [lengthOf(geometry, 0, x.shape.h), lengthOf(geometry, 1, x.shape.w)];
  const name = nameOf(making);
  const constants = { weight: pen.weights(`${name}.weight`, weight, shape), ...biasOf(making, out) };
  const value = pen.emit('conv', name, { x: x.value }, { geometry: whole(geometry, groups), fused: {} }, constants);
  return made(value, dimsLike(x, { c: out, h, w }));
}

const sliding = ({ kernel, strides, dilations, pads }: Geometry) => ({ kernel, strides, dilations, pads });

/** As the graph has it, of one branch. */
function whole({ kernel, strides, dilations, pads, behind }: Geometry, groups: number): Whole {
  return { kernel, strides, dilations: [dilations], pads: [[...pads, ...behind]], groups };
}

/** Weights without their zero point; the map is one that DynamicQuantizeLinear left as it was, its scale 1 and its zero 0. */
function dequantised(making: Making): Mapped {
  const mapZero = knownIn(making, 2);
  if (mapZero && Array.from(mapZero.values()).some(value => value !== 0)) refuse('a map with a zero point of its own');
  const inputs = [making.inputs[1], known('float', [], [1]), making.inputs[3] ?? null];
  return convolution({ ...making, inputs: [making.inputs[0], quantisedWeight({ ...making, inputs })] });
}

/** Inputs: x, scale, zero; weight, scale, zero; scale and zero of the result; bias in units of both scales. */
function quantised(making: Making): Mapped {
  const { node, inputs } = making;
  const part = (numbers: readonly number[]): Making => ({ ...making, inputs: numbers.map(n => inputs[n] ?? null) });
  const x = dequantise(part([0, 1, 2]));
  const weight = quantisedWeight(part([3, 4, 5]));
  if (count(mustKnow(making, 1).dims) !== 1) refuse('a map of several scales');
  const scales = mustKnow(making, 4).values();
  const scale = mustKnow(making, 1).values()[0];
  const bias = knownIn(making, 8);
  const numbers = bias?.values();
  const real = bias && Array.from(numbers!, (value, n) => value * scale * scales[scales.length === 1 ? 0 : n]);
  const name = `${nameOf(making)}.real`;
  const plain = { ...node, outputs: [name] };
  const y = convolution({ ...making, node: plain, inputs: [x, weight, real ? known('float', bias.dims, real) : null] });
  return quantise({ ...making, inputs: [y, inputs[6] ?? null, inputs[7] ?? null] });
}

function transposed(making: Making): Mapped {
  const { node, pen } = making;
  const x = mapIn(making);
  const weight = mustKnow(making, 1);
  const shape = kernelShape(x, weight);
  const [inputs, each, ...kernel] = shape;
  const groups = intOf(node, 'group', 1);
  if (inputs !== x.shape.c || !(groups > 0) || inputs % groups)
    refuse(`a weight for ${inputs} channels in ${groups} groups, the map has ${x.shape.c}`);
  const auto = textOf(node, 'auto_pad', 'NOTSET');
  const plain = { ...node, attributes: new Map([...node.attributes].filter(([key]) => key !== 'auto_pad')) };
  const geometry = geometryOf(plain, x, x.dims.length === 3 ? kernel.slice(1) : kernel);
  const { strides, dilations, pads } = geometry;
  const two = (list: number[] | null): number[] | null => list && (x.dims.length === 3 ? [0, ...list.slice(-1)] : list.slice(-2));
  const extra = two(intsOf(node, 'output_padding', null)) ?? [0, 0];
  const size = [x.shape.h, x.shape.w];
  const wanted =
    two(intsOf(node, 'output_shape', null)) ?? (auto.startsWith('SAME') ? size.map((n, axis) => n * strides[axis]) : null);
  const full = size.map((n, axis) => strides[axis] * (n - 1) + extra[axis] + dilations[axis] * (kernel[axis] - 1) + 1);
  // What is too long is cut on both sides, the odd one at the beginning unless the file says UPPER.
  const cut = wanted?.map((n, axis) => full[axis] - n);
  const before = cut?.map(n => (auto === 'SAME_UPPER' ? Math.floor(n / 2) : Math.ceil(n / 2))) ?? pads;
  const [h, w] = wanted ?? full.map((n, axis) => n - pads[axis] - geometry.behind[axis]);
  if (!(h > 0 && w > 0) || before.some(n => n < 0)) refuse(`it makes a map of ${h}×${w} out of ${full.join('×')}`);
  const name = nameOf(making);
  const out = each * groups;
  const attributes = { ...sliding(geometry), pads: [before[0], before[1]] as const, groups, h, w, fused: {} };
  const constants = { weight: pen.weights(`${name}.weight`, weight, shape), ...biasOf(making, out) };
  return made(pen.emit('transposed', name, { x: x.value }, attributes, constants), dimsLike(x, { c: out, h, w }));
}
