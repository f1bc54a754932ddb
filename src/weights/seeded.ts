// Weights that follow from their names: every test, golden and self-test can make them anew, so none has to be stored.

import type { Preprocessing } from './card.ts';
import type { Tensor } from './tensor.ts';
import { count, fromFloat32 } from './tensor.ts';

/** `n` values in [0, 1), multiples of 2^-24: element i is lowbias32(fnv1a32(name) + i * 0x9e3779b9) >> 8, over 2^24. */
export function uniform(name: string, n: number): Float32Array {
  const seed = fnv1a32(name);
  const values = new Float32Array(n);
  // A loop, because `Float32Array.from` takes ten times as long and DilatedNet's fc6 has 103 million.
  for (let i = 0; i < n; i++) values[i] = (lowbias32(seed + Math.imul(i, 0x9e3779b9)) >>> 8) / 2 ** 24;
  return values;
}

/** The fixtures' picture as a network reads it: 3×h×w uniform values, normalised by the mean and deviation of each plane's colour, in float64. */
export function seededInput(
  name: string,
  { h, w }: { readonly h: number; readonly w: number },
  { mean, std, channels = 'rgb' }: Pick<Preprocessing, 'mean' | 'std' | 'channels'>,
): Float64Array<ArrayBuffer> {
  return Float64Array.from(uniform(name, 3 * h * w), (value, n) => {
    const plane = Math.floor(n / (h * w));
    const colour = channels === 'bgr' ? 2 - plane : plane;
    return (value - mean[colour]) / std[colour];
  });
}

/** The same picture before it is normalised: RGBA, h×w. */
export function seededPixels(
  name: string,
  { h, w }: { readonly h: number; readonly w: number },
  { channels = 'rgb' }: Pick<Preprocessing, 'channels'>,
): Float32Array<ArrayBuffer> {
  const planes = uniform(name, 3 * h * w);
  return Float32Array.from({ length: 4 * h * w }, (_, n) => {
    const colour = n % 4;
    const plane = channels === 'bgr' ? 2 - colour : colour;
    return colour === 3 ? 1 : planes[plane * h * w + Math.floor(n / 4)];
  });
}

/**
 * The fixture tensor of that name. Four axes (a convolution, OIHW): (u - 0.5) * 2 * sqrt(6 / (I*kh*kw)). Others: 0.5 + u where the
 * name ends in `.weight` (batch norm) or `running_var`, else (u - 0.5) * 0.2. Computed in float64, stored as float32. The fixtures'
 * input picture is not this but `uniform('input', 3*h*w)`.
 */
export function seededTensor(name: string, shape: readonly number[]): Tensor {
  const rule = ruleOf(name, shape);
  return fromFloat32(shape, uniform(name, count(shape)).map(rule));
}

function ruleOf(name: string, shape: readonly number[]): (u: number) => number {
  const bound = Math.sqrt(6 / count(shape.slice(1)));
  if (shape.length === 4) return u => (u - 0.5) * 2 * bound;
  if (name.endsWith('.weight') || name.endsWith('running_var')) return u => 0.5 + u;
  return u => (u - 0.5) * 0.2;
}

function fnv1a32(text: string): number {
  return new TextEncoder().encode(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5);
}

/** Chris Wellons' 32-bit integer hash: https://nullprogram.com/blog/2018/07/31/ */
function lowbias32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
