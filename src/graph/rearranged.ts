// Weights in another order than a file has them: some input channels of a dense convolution's, and those of a transposed convolution as a convolution's.
import { count } from '../weights/tensor.ts';

/** [from, to), one after another; those beyond the last channel are zeros. */
export type Ranges = readonly (readonly [from: number, to: number])[];

export type Rearranged =
  /** Input channels of a weight, OIHW, range after range; beyond its last there are zeros. */
  | { readonly kind: 'inputs'; readonly ranges: Ranges }
  /** A transposed convolution's weight, IOHW, as OIHW with its taps from the last to the first: that of a convolution which with stride 1 does the same. */
  | { readonly kind: 'turned' }
  /**
   * Of a turned weight, for each of the pixels that lie between two of x (row by row), the outputs with those of its taps alone that reach that pixel: every
   * `strides`th, and zeros before where it has fewer than others. Of one number an output: the same for each.
   */
  | { readonly kind: 'phases'; readonly strides: readonly [down: number, right: number] }
  /** Outputs that come channel by channel, so many phases of each, phase by phase. */
  | { readonly kind: 'shuffled'; readonly phases: number }
  /** A zero for each output: the bias of a layer that has none. */
  | { readonly kind: 'zeros' };

type Shape = readonly number[];

function shape(constant: Rearranged, of: Shape): Shape {
  const [out, inputs, ...kernel] = of;
  switch (constant.kind) {
    case 'inputs':
      return [out, constant.ranges.reduce((sum, [from, to]) => sum + to - from, 0), ...kernel];
    case 'turned':
      return [inputs, out, ...kernel];
    case 'zeros':
      return [out];
    case 'shuffled':
      return of;
    case 'phases': {
      const [down, right] = constant.strides;
      const [first, ...rest] = of;
      if (rest.length === 0) return [down * right * first];
      return [down * right * first, inputs, Math.ceil(kernel[0] / down), Math.ceil(kernel[1] / right)];
    }
  }
}

const printed = {
  inputs: ({ ranges }: Rearranged & { kind: 'inputs' }): string => `[:, ${ranges.map(([from, to]) => `${from}:${to}`).join(' ')}]`,
  turned: (): string => ' turned',
  phases: ({ strides }: Rearranged & { kind: 'phases' }): string => ` by phases of ${strides.join('×')}`,
  zeros: (): string => '·0',
  shuffled: ({ phases }: Rearranged & { kind: 'shuffled' }): string => ` by ${phases} phases`,
};

function taken(all: Float64Array, of: Shape, made: Float64Array, ranges: Ranges): void {
  const [out, inputs, ...kernel] = of;
  const taps = count(kernel);
  let at = 0;
  for (let o = 0; o < out; o++)
    for (const [from, to] of ranges) {
      if (from < inputs) made.set(all.subarray((o * inputs + from) * taps, (o * inputs + to) * taps), at);
      at += (to - from) * taps;
    }
}

function turned(all: Float64Array, [inputs, out, ...kernel]: Shape, made: Float64Array): void {
  const taps = count(kernel);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < out; o++)
      for (let tap = 0; tap < taps; tap++) made[(o * inputs + i) * taps + taps - 1 - tap] = all[(i * out + o) * taps + tap];
}

/** Tap k of the kernel reaches phase r where k = r + stride · j; in both orders here taps run from the last to the first. */
function phases(
  all: Float64Array,
  [out, inputs = 1, rows = 1, columns = 1]: Shape,
  made: Float64Array,
  [down, right]: readonly [number, number],
): void {
  const [high, wide] = [Math.ceil(rows / down), Math.ceil(columns / right)];
  let at = 0;
  for (let phase = 0; phase < down * right; phase++) {
    const [top, left] = [Math.floor(phase / right), phase % right];
    for (let map = 0; map < out * inputs; map++)
      for (let j = high - 1; j >= 0; j--)
        for (let k = wide - 1; k >= 0; k--) {
          const [row, column] = [rows - 1 - top - down * j, columns - 1 - left - right * k];
          made[at++] = row >= 0 && column >= 0 ? all[(map * rows + row) * columns + column] : 0;
        }
  }
}

function shuffled(all: Float64Array, [out]: Shape, made: Float64Array, phases: number): void {
  const [channels, each] = [out / phases, all.length / out];
  for (let n = 0; n < out; n++) {
    const from = (n % channels) * phases + Math.floor(n / channels);
    made.set(all.subarray(from * each, (from + 1) * each), n * each);
  }
}

function made<Of>(constant: Rearranged & { readonly of: Of }, read: (of: Of) => Float64Array, of: Shape): Float64Array {
  const values = new Float64Array(count(shape(constant, of)));
  if (constant.kind === 'zeros') return values;
  const all = read(constant.of);
  if (constant.kind === 'inputs') taken(all, of, values, constant.ranges);
  else if (constant.kind === 'turned') turned(all, of, values);
  else if (constant.kind === 'shuffled') shuffled(all, of, values, constant.phases);
  else if (of.length > 1) phases(all, of, values, constant.strides);
  else for (let at = 0; at < values.length; at += all.length) values.set(all, at);
  return values;
}

/** All weak: a reader holds all tensors of its network. */
let kept: readonly [constant: WeakRef<object>, read: WeakRef<object>, values: WeakRef<Float64Array>] | undefined;

export const rearranged = {
  shape,
  print: (constant: Rearranged, of: string): string => of + printed[constant.kind](constant as never),
  /** Packing asks for few channels at a time, and for each all are put in order: the last ones are kept as long as it runs. */
  read<Of>(constant: Rearranged & { readonly of: Of }, read: (of: Of) => Float64Array, of: Shape): Float64Array {
    const same = kept?.[0].deref() === constant && kept[1].deref() === read;
    const values = (same && kept![2].deref()) || made(constant, read, of);
    kept = [new WeakRef(constant), new WeakRef(read), new WeakRef(values)];
    return values;
  },
};
