// Weights as int8 codes in a file: beside the I8 tensor `x` lies `x.scale`, a half for each of its output channels. Biases and their like are
// halves too.
import { held, nearest, scaleOf } from '../graph/codes.ts';
import { badWeights, count, encodeFloat16, fromFloat32, quote, type Tensor, type Tensors, toFloat32 } from './tensor.ts';

const SCALE = '.scale';
const [LOWEST, LARGEST] = [-128, 127];
const LARGEST_HALF = 65504;
/** Below it halves lose digits. */
const LEAST_HALF = 2 ** -14;

/** A tensor and its scales by their names in a file. */
function inCodes(name: string, tensor: Tensor): [string, Tensor][] {
  const [out, ...rest] = tensor.shape;
  const each = count(rest);
  const values = toFloat32(tensor);
  const wanted = Float32Array.from({ length: out }, (_, o) => scaleOf(values.subarray(o * each, (o + 1) * each)));
  const exact = fromFloat32([out], wanted);
  const scale = wanted.some(each => each > 0 && each < LEAST_HALF) ? exact : (halves(exact) ?? exact);
  const scales = toFloat32(scale);
  const codes = Int8Array.from(values, (value, n) => held(nearest(value / (scales[Math.floor(n / each)] || 1)), LOWEST, LARGEST));
  return [
    [name, { dtype: 'I8', shape: tensor.shape, bytes: new Uint8Array(codes.buffer) }],
    [`${name}${SCALE}`, scale],
  ];
}

/** How a tensor is written; in halves only where they reach. */
export type Form = 'codes' | 'halves' | 'whole';

/** The tensors of a network, each in the form that it takes. */
export function tensorsInCodes(tensors: Tensors, formOf: (name: string, tensor: Tensor) => Form): Map<string, Tensor> {
  return new Map(
    [...tensors].flatMap(([name, tensor]): [string, Tensor][] => {
      const form = formOf(name, tensor);
      if (form === 'codes') return inCodes(name, tensor);
      return [[name, (form === 'halves' && halves(tensor)) || tensor]];
    }),
  );
}

/** Null where halves don't reach. */
function halves(tensor: Tensor): Tensor | null {
  const values = toFloat32(tensor);
  if (values.some(value => Math.abs(value) > LARGEST_HALF)) return null;
  return { dtype: 'F16', shape: tensor.shape, bytes: encodeFloat16(values) };
}

/** The tensors of such a file with their scales. Throws `BAD_WEIGHTS` where one is missing, or of another length. */
export function withScales(read: Tensors, file: string): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, bytes }] of read) {
    const of = name.endsWith(SCALE) && read.get(name.slice(0, -SCALE.length));
    if (of && of.dtype === 'I8') continue;
    if (dtype !== 'I8') {
      tensors.set(name, { dtype, shape, bytes });
      continue;
    }
    const scale = read.get(`${name}${SCALE}`);
    if (!(scale?.dtype === 'F32' || scale?.dtype === 'F16') || scale.shape.join() !== `${shape[0]}`)
      throw badWeights(
        file,
        `tensor ${quote(name)} is I8 and ${quote(name + SCALE)} no list of ${shape[0]} scales: convert it again`,
      );
    tensors.set(name, { dtype, shape, bytes, scale: toFloat32(scale) });
  }
  return tensors;
}
