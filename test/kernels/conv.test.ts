// The dense convolution: stems, decoder convolutions and the wide kernels of DilatedNet. Data only: conformance.test.ts runs it.
import { type ConvSpec, convRow, drawChannels, drawPlace, drawSize, ends, type KernelTable, map, type Row } from './table.ts';

interface Spec
  extends Omit<ConvSpec, 'kernel' | 'dilations' | 'pads' | 'groups' | 'strips' | 'pooled'>,
    Pick<Row, 'join' | 'most' | 'halfWeights'> {
  /** Default 3×3. */
  readonly kernel?: readonly [number, number];
  readonly dilation?: number;
  /** Default 0. */
  readonly pad?: number;
  readonly residual?: boolean;
  /** Behind a 2×2 max pool. */
  readonly pool?: boolean;
}

function row(name: string, { dilation = 1, pad = 0, pool, residual, join, most, halfWeights, ...spec }: Spec): Row {
  const { h, w, kernel = [3, 3], stride = 1 } = spec;
  const length = (size: number, k: number): number => Math.floor((size + 2 * pad - dilation * (k - 1) - 1) / stride) + 1;
  const pooled = pool ? { h: length(h, kernel[0]), w: length(w, kernel[1]) } : undefined;
  const conv = convRow({ ...spec, kernel, pooled, dilations: [dilation], pads: [pad] });
  if (!residual) return { name, ...conv, join, most, halfWeights };
  const other = map(spec.o, length(h, kernel[0]), length(w, kernel[1]));
  const node = { ...conv.node, inputs: { ...conv.node.inputs, residual: 'residual' } };
  return { name, node, inputs: { ...conv.inputs, residual: other }, join, most, halfWeights };
}

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { i: 3, o: 8, h: 1, w: 1, pad: 1 },
  'stem, odd map': { i: 3, o: 32, h: 7, w: 9, stride: 2, pad: 1, bias: true, relu: true },
  'stem, even map': { i: 3, o: 32, h: 6, w: 34, stride: 2, pad: 1, bias: true, relu: true },
  'stem, one pixel': { i: 3, o: 12, h: 1, w: 1, stride: 2, pad: 1, bias: true, relu: true },
  'decoder 24→19': { i: 24, o: 19, h: 5, w: 9, pad: 1, bias: true, relu: true },
  '12→5 one column': { i: 12, o: 5, h: 17, w: 1, pad: 1, bias: true },
  '5→3 one row': { i: 5, o: 3, h: 1, w: 17, pad: 1 },
  '19→12 whole tiles': { i: 19, o: 12, h: 3, w: 16, pad: 1, bias: true },
  'no padding': { i: 12, o: 8, h: 5, w: 11 },
  'narrower than the dilation': { i: 8, o: 12, h: 5, w: 3, dilation: 4, pad: 4, bias: true },
  'dilated, no padding': { i: 4, o: 8, h: 9, w: 13, dilation: 4, bias: true, relu: true },
  'more padding than kernel': { i: 4, o: 4, h: 2, w: 3, pad: 5, bias: true },
  '7×7 dilated by 4, no padding': { i: 4, o: 8, h: 26, w: 27, kernel: [7, 7], dilation: 4, bias: true, relu: true },
  '1×1 with stride 2': { i: 12, o: 8, h: 5, w: 7, kernel: [1, 1], stride: 2 },
  '1×1 with padding': { i: 5, o: 3, h: 3, w: 3, kernel: [1, 1], pad: 1, bias: true, relu: true },
  '1×3': { i: 8, o: 8, h: 5, w: 9, kernel: [1, 3], pad: 1, bias: true },
  '3×1': { i: 8, o: 8, h: 5, w: 9, kernel: [3, 1], pad: 1, bias: true },
  '2×2 with stride 2': { i: 8, o: 16, h: 7, w: 6, kernel: [2, 2], stride: 2 },
  '5×5 with stride 3': { i: 4, o: 5, h: 11, w: 31, kernel: [5, 5], stride: 3, pad: 2, bias: true },
  'into a join': { i: 24, o: 8, h: 5, w: 5, pad: 1, bias: true, relu: true, join: { from: 4, c: 20 } },
  'pooled, whole windows': { i: 8, o: 12, h: 6, w: 10, bias: true, relu: true, pool: true },
  'pooled, odd map': { i: 20, o: 12, h: 7, w: 9, bias: true, relu: true, pool: true },
  'pooled, one pixel': { i: 4, o: 5, h: 3, w: 3, bias: true, pool: true },
  'pooled, one row': { i: 4, o: 8, h: 3, w: 21, bias: true, pool: true },
  'pooled, padded and strided': { i: 4, o: 8, h: 9, w: 7, stride: 2, pad: 3, bias: true, pool: true },
  'pooled, several workgroups of 128 lanes': { i: 4, o: 60, h: 13, w: 21, bias: true, pool: true },
  'pooled into a join': { i: 8, o: 8, h: 5, w: 11, relu: true, pool: true, join: { from: 4, c: 12 } },
  'dilated, lattices of unequal sizes': { i: 132, o: 20, h: 11, w: 21, dilation: 4, pad: 4, bias: true, relu: true },
  'dilated, wide map': { i: 8, o: 8, h: 9, w: 37, dilation: 2, pad: 2 },
  'dilated, folded grid': { i: 132, o: 24, h: 19, w: 41, dilation: 2, pad: 2, bias: true, most: 3 },
  'pooled, wide and padded': { i: 8, o: 16, h: 7, w: 37, pad: 1, bias: true, relu: true, pool: true },
  'hard swish, a last quad of three': { i: 8, o: 19, h: 5, w: 9, pad: 1, bias: true, activation: ends('hard-swish') },
  'prelu, half weights': { i: 24, o: 19, h: 5, w: 9, bias: true, activation: ends('prelu'), halfWeights: true },
  'sigmoid of one channel': { i: 8, o: 1, h: 6, w: 9, pad: 1, bias: true, activation: ends('sigmoid') },
  'residual, relu': { i: 24, o: 40, h: 5, w: 9, pad: 1, bias: true, relu: true, residual: true },
  'residual, stride 2, a last quad of three': {
    i: 8,
    o: 19,
    h: 7,
    w: 21,
    stride: 2,
    pad: 1,
    residual: true,
    activation: ends('hard-swish'),
  },
  'residual, many inputs': { i: 132, o: 20, h: 6, w: 11, pad: 1, bias: true, relu: true, residual: true },
  'half weights': { i: 24, o: 19, h: 5, w: 9, pad: 1, bias: true, relu: true, halfWeights: true },
  'half weights, 1×1 with stride 2, no bias': { i: 12, o: 8, h: 5, w: 7, kernel: [1, 1], stride: 2, halfWeights: true },
  'workgroups of 256 lanes': { i: 4, o: 128, h: 255, w: 257, kernel: [1, 1], stride: 2 },
  'many channels': { i: 4, o: 53, h: 9, w: 17, pad: 1, bias: true },
  'folded grid': { i: 3, o: 24, h: 23, w: 17, pad: 1, bias: true, relu: true, most: 3 },
};

export const table: KernelTable = {
  kernel: 'conv',
  tolerance: {
    f32: 2e-6,
    half: 1e-3,
    // Winograd's transforms add and halve numbers of like size and leave fewer products to sum: worst row 2.3e-7, plain 2.6e-7.
    why: 'sums of up to 1188 float32 products; a stored half is off by at most 2^-10 where the hardware truncates',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  barrierRows: [
    ...['stem, odd map', 'dilated, no padding', 'folded grid', 'decoder 24→19', 'into a join', 'half weights', '5×5 with stride 3'],
    ...['pooled, several workgroups of 128 lanes', 'pooled, one row', 'pooled, padded and strided', 'more padding than kernel'],
    ...['many channels', 'workgroups of 256 lanes', 'residual, relu'],
  ],
  random(draw) {
    const spec = draw.from(Object.values(specs));
    const [kh, kw] = spec.kernel ?? [3, 3];
    const o = draw.int(1, 25);
    const dilation = draw.int(1, 3);
    const pad = draw.int(0, 4);
    // The kernel must fit into the padded map, and a plain 1×1 would be another kernel's.
    const size = drawSize(draw);
    const fit = (length: number, k: number): number => Math.max(length, dilation * (k - 1) + 1 - 2 * pad);
    const stride = kh * kw === 1 && pad === 0 ? 2 : draw.int(1, 3);
    return row('', {
      ...{ ...spec, i: drawChannels(draw, spec.i), o, h: fit(size.h, kh), w: fit(size.w, kw) },
      ...{ dilation, pad, stride, bias: draw.once(2), ...drawPlace(draw, o) },
    });
  },
};
