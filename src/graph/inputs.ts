// Some input channels of a dense convolution's weight, OIHW.
import { count } from '../weights/tensor.ts';

/** [from, to), one after another; those beyond the last channel are zeros. */
export type Ranges = readonly (readonly [from: number, to: number])[];

type Shape = readonly number[];

function shape([out, , ...kernel]: Shape, ranges: Ranges): Shape {
  return [out, ranges.reduce((sum, [from, to]) => sum + to - from, 0), ...kernel];
}

export const inputs = {
  shape,
  print: (of: string, ranges: Ranges): string => `${of}[:, ${ranges.map(([from, to]) => `${from}:${to}`).join(' ')}]`,
  read(all: Float64Array, of: Shape, ranges: Ranges): Float64Array {
    const [out, inputs, ...kernel] = of;
    const taps = count(kernel);
    const made = new Float64Array(count(shape(of, ranges)));
    let at = 0;
    for (let o = 0; o < out; o++)
      for (const [from, to] of ranges) {
        if (from < inputs) made.set(all.subarray((o * inputs + from) * taps, (o * inputs + to) * taps), at);
        at += (to - from) * taps;
      }
    return made;
  },
};
