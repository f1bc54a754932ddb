// What a node knows besides its inputs: arrays of the checkpoint, or small expressions over them. Passes rewrite the
// expressions and never touch numbers, so a plan can be made, printed and compared without any weights at hand.
import { AtrousError } from '../errors.ts';
import { bytesPer, count, part, type Tensor, type Tensors } from '../weights/tensor.ts';
import { type Rearranged, rearranged } from './rearranged.ts';

/** Batch normalisation at inference: γ(x − μ)/√(σ² + ε) + β over the tensors `<name>.weight .bias .running_mean .running_var`. */
export interface Norm {
  readonly name: string;
  readonly channels: number;
  readonly epsilon: number;
}

export type Constant =
  | { readonly kind: 'tensor'; readonly name: string; readonly shape: readonly number[] }
  /** `of` times γ/√(σ² + ε) of its output channel. */
  | { readonly kind: 'scaled'; readonly of: Constant; readonly norm: Norm }
  /** γ/√(σ² + ε). */
  | { readonly kind: 'scale'; readonly norm: Norm }
  /** β + (bias − μ)·γ/√(σ² + ε). */
  | { readonly kind: 'shift'; readonly norm: Norm; readonly bias: Constant | null }
  /** Parts one after another along the output channels. */
  | { readonly kind: 'stack'; readonly parts: readonly Constant[] }
  | { readonly kind: 'sum'; readonly parts: readonly Constant[] }
  /** Output channels [from, to). */
  | { readonly kind: 'range'; readonly of: Constant; readonly from: number; readonly to: number }
  /** `of` in another order. */
  | (Rearranged & { readonly of: Constant });

/** The values of a constant in float64, so that folding adds no rounding of its own. */
export interface ReadConstant {
  (constant: Constant): Float64Array;
  /** Where the values come from, if they come from a checkpoint. */
  readonly tensors?: Tensors;
}

export function shapeOf(constant: Constant): readonly number[] {
  switch (constant.kind) {
    case 'tensor':
      return constant.shape;
    case 'scaled':
      return shapeOf(constant.of);
    case 'scale':
    case 'shift':
      return [constant.norm.channels];
    case 'stack': {
      const [first, ...rest] = constant.parts.map(shapeOf);
      return [rest.reduce((sum, shape) => sum + shape[0], first[0]), ...first.slice(1)];
    }
    case 'sum':
      return shapeOf(constant.parts[0]);
    case 'range':
      return [constant.to - constant.from, ...shapeOf(constant.of).slice(1)];
    default:
      return rearranged.shape(constant, shapeOf(constant.of));
  }
}

/** Names and shapes of the checkpoint's tensors that a constant needs. */
export function tensorsOf(constant: Constant): [string, readonly number[]][] {
  switch (constant.kind) {
    case 'tensor':
      return [[constant.name, constant.shape]];
    case 'scaled':
      return [...tensorsOf(constant.of), ...normTensors(constant.norm)];
    case 'scale':
      return normTensors(constant.norm);
    case 'shift':
      return [...normTensors(constant.norm), ...(constant.bias ? tensorsOf(constant.bias) : [])];
    case 'stack':
    case 'sum':
      return constant.parts.flatMap(tensorsOf);
    default:
      return tensorsOf(constant.of);
  }
}

function normTensors({ name, channels }: Norm): [string, readonly number[]][] {
  return ['weight', 'bias', 'running_mean', 'running_var'].map(part => [`${name}.${part}`, [channels]]);
}

export function printConstant(constant: Constant): string {
  switch (constant.kind) {
    case 'tensor':
      return constant.name;
    case 'scaled':
      return `${printConstant(constant.of)}·${constant.norm.name}`;
    case 'scale':
      return `scale(${constant.norm.name})`;
    case 'shift':
      return constant.bias ? `shift(${constant.norm.name}, ${printConstant(constant.bias)})` : `shift(${constant.norm.name})`;
    case 'stack':
      return `[${constant.parts.map(printConstant).join(', ')}]`;
    case 'sum':
      return constant.parts.map(printConstant).join(' + ');
    case 'range':
      return `${printConstant(constant.of)}[${constant.from}:${constant.to}]`;
    default:
      return rearranged.print(constant, printConstant(constant.of));
  }
}

/** Binds constants to a checkpoint. Tensors are decoded when they are read, not before. */
export function constantReader(tensors: Tensors, decode: (tensor: Tensor) => Float64Array): ReadConstant {
  const find = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new AtrousError('BAD_WEIGHTS', `tensor "${name}" is missing from the weights`);
    return found;
  };
  const tensor = (name: string): Float64Array => decode(find(name));
  const scale = ({ name, epsilon }: Norm): Float64Array => {
    const variance = tensor(`${name}.running_var`);
    return tensor(`${name}.weight`).map((gamma, i) => gamma / Math.sqrt(variance[i] + epsilon));
  };
  const read = (constant: Constant): Float64Array => {
    switch (constant.kind) {
      case 'tensor':
        return tensor(constant.name);
      case 'scaled': {
        const factors = scale(constant.norm);
        const perChannel = count(shapeOf(constant.of).slice(1));
        return read(constant.of).map((weight, i) => weight * factors[Math.floor(i / perChannel)]);
      }
      case 'scale':
        return scale(constant.norm);
      case 'shift': {
        const { norm, bias } = constant;
        const factors = scale(norm);
        const mean = tensor(`${norm.name}.running_mean`);
        const offset = bias ? read(bias) : new Float64Array(norm.channels);
        return tensor(`${norm.name}.bias`).map((beta, i) => beta + (offset[i] - mean[i]) * factors[i]);
      }
      case 'stack': {
        const parts = constant.parts.map(read);
        const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
        let at = 0;
        for (const part of parts) {
          all.set(part, at);
          at += part.length;
        }
        return all;
      }
      case 'range':
        return readRange(constant);
      case 'sum': {
        const [first, ...rest] = constant.parts.map(read);
        return first.map((value, i) => rest.reduce((sum, part) => sum + part[i], value));
      }
      default:
        return rearranged.read(constant, read(constant.of), shapeOf(constant.of));
    }
  };
  // Packing asks for few channels at a time, and of these weights each time all are put in order: kept as long as the packing runs.
  let whole: [of: Constant, values: WeakRef<Float64Array>] | undefined;
  const readWhole = (of: Constant): Float64Array => {
    const values = (whole?.[0] === of && whole[1].deref()) || read(of);
    whole = [of, new WeakRef(values)];
    return values;
  };
  // Only the range is decoded: the largest tensor of DilatedNet is 411 MB, and its reader wants a few channels at a time.
  const readRange = ({ of, from, to }: Constant & { readonly kind: 'range' }): Float64Array => {
    if (of.kind === 'scaled') {
      const factors = scale(of.norm).subarray(from, to);
      const perChannel = count(shapeOf(of).slice(1));
      return readRange({ kind: 'range', of: of.of, from, to }).map((weight, i) => weight * factors[Math.floor(i / perChannel)]);
    }
    const perChannel = count(shapeOf(of).slice(1));
    if (of.kind !== 'tensor') return readWhole(of).subarray(from * perChannel, to * perChannel);
    const tensor = find(of.name);
    const step = perChannel * bytesPer[tensor.dtype];
    return decode({
      ...tensor,
      shape: [to - from, ...of.shape.slice(1)],
      bytes: part(tensor.bytes, from * step, to * step),
      scale: tensor.scale?.subarray(from, to),
    });
  };
  return Object.assign(read, { tensors });
}

/** Output channels [from, to) of a constant; of a range again a range of what lies below. */
export function range(of: Constant, from: number, to: number): Constant {
  if (of.kind === 'range') return { kind: 'range', of: of.of, from: of.from + from, to: of.from + to };
  return from === 0 && to === shapeOf(of)[0] ? of : { kind: 'range', of, from, to };
}
