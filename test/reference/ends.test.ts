// DilatedNet's pool, softmax, zoom and transposed convolution against their definitions, written out again in another way.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Attributes } from '../../src/graph/graph.ts';
import { argmax } from '../../src/reference/classify.ts';
import { deconv } from '../../src/reference/deconv.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { maxpool } from '../../src/reference/pool.ts';
import { softmax } from '../../src/reference/softmax.ts';
import { zoom } from '../../src/reference/zoom.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { input, relativeError } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';

type Size = readonly [number, number];
type Geometry = Omit<Attributes['deconv'], 'classes' | 'threshold' | 'activation'>;

const JUDGE = 'the published definitions';

function close(got: Field, expected: Field, tolerance = 1e-14): void {
  sat('reference', JUDGE);
  assert.equal([got.c, got.h, got.w], [expected.c, expected.h, expected.w]);
  const error = relativeError(got.data, expected.data);
  assert.ok(error <= tolerance, `relative error ${error.toExponential(2)}`);
}

/** One tile as Caffe does it: every cell adds its weighted kernel to the padded result, whose border is then cut off. */
function grow(x: Field, weight: Float64Array, { kernel, stride, pad }: Geometry): Field {
  const padded = field({ c: x.c, h: (x.h - 1) * stride + kernel, w: (x.w - 1) * stride + kernel });
  for (let c = 0; c < x.c; c++)
    for (let i = 0; i < x.h; i++)
      for (let j = 0; j < x.w; j++)
        for (let ky = 0; ky < kernel; ky++)
          for (let kx = 0; kx < kernel; kx++)
            padded.data[(c * padded.h + i * stride + ky) * padded.w + j * stride + kx] +=
              x.data[(c * x.h + i) * x.w + j] * weight[(c * kernel + ky) * kernel + kx];
  return cut(padded, pad, pad, padded.h - 2 * pad, padded.w - 2 * pad);
}

/** h×w from (top, left) on; zeros where x ends. */
function cut(x: Field, top: number, left: number, h: number, w: number): Field {
  const y = field({ c: x.c, h, w });
  for (let c = 0; c < x.c; c++)
    for (let v = 0; v < Math.min(h, x.h - top); v++)
      for (let u = 0; u < Math.min(w, x.w - left); u++) y.data[(c * h + v) * w + u] = x.data[(c * x.h + top + v) * x.w + left + u];
  return y;
}

/** Tile by tile, each written where it stands; what lies beyond h×w is dropped. */
function stitched(x: Field, weight: Float64Array, geometry: Geometry): Field {
  const { h, w, tile } = geometry;
  const { h: th, w: tw } = tile ?? x;
  const y = field({ c: x.c, h, w });
  for (let i = 0; i * th < x.h; i++) {
    for (let j = 0; j * tw < x.w; j++) {
      const part = grow(cut(x, i * th, j * tw, th, tw), weight, geometry);
      for (let c = 0; c < x.c; c++)
        for (let v = 0; v < Math.min(part.h, h - i * part.h); v++)
          for (let u = 0; u < Math.min(part.w, w - j * part.w); u++)
            y.data[(c * h + i * part.h + v) * w + j * part.w + u] = part.data[(c * part.h + v) * part.w + u];
    }
  }
  return y;
}

const forms: readonly [name: string, x: readonly [number, number, number], Geometry][] = [
  ['eight times', [2, 3, 4], { kernel: 16, stride: 8, pad: 4, h: 24, w: 32, tile: null }],
  ['cut', [2, 3, 4], { kernel: 16, stride: 8, pad: 4, h: 17, w: 30, tile: null }],
  ['unpadded', [3, 2, 3], { kernel: 4, stride: 2, pad: 0, h: 6, w: 8, tile: null }],
  ['a stride that does not divide', [1, 4, 3], { kernel: 5, stride: 3, pad: 1, h: 12, w: 9, tile: null }],
  ['gaps', [2, 3, 3], { kernel: 2, stride: 3, pad: 0, h: 8, w: 8, tile: null }],
  ['tiles', [2, 4, 6], { kernel: 16, stride: 8, pad: 4, h: 32, w: 48, tile: { h: 2, w: 3 } }],
  ['tiles that grow unevenly', [2, 4, 6], { kernel: 6, stride: 2, pad: 1, h: 12, w: 16, tile: { h: 2, w: 3 } }],
  ['tiles that overhang', [2, 5, 7], { kernel: 4, stride: 2, pad: 1, h: 11, w: 18, tile: { h: 2, w: 3 } }],
  ['a tile larger than the map', [1, 2, 3], { kernel: 4, stride: 2, pad: 1, h: 4, w: 6, tile: { h: 5, w: 4 } }],
];

for (const [name, x, geometry] of forms) {
  test(`deconv: ${name}`, () => {
    const values = input(`deconv ${name}`, x);
    const weight = Float64Array.from(uniform(`deconv ${name} weight`, x[0] * geometry.kernel ** 2), u => u - 0.5);
    close(deconv(values, weight, geometry), stitched(values, weight, geometry));
  });
}

test('deconv: bilinear taps leave of the outermost pixels 9, 11, 13 and 15 sixteenths along an axis', () => {
  const axis = [1, 3, 5, 7, 9, 11, 13, 15, 15, 13, 11, 9, 7, 5, 3, 1].map(tap => tap / 16);
  const weight = Float64Array.from(axis.flatMap(row => axis.map(column => row * column)));
  const ones = (h: number, w: number): Field => field({ c: 1, h, w }, new Float64Array(h * w).fill(1));
  const border = [9, 11, 13, 15].map(part => part / 16);
  const profile = (cells: number): number[] => [...border, ...new Array(8 * cells - 8).fill(1), ...[...border].reverse()];
  const outer = (rows: number[], columns: number[]): Field => {
    const data = Float64Array.from(rows.flatMap(row => columns.map(column => row * column)));
    return field({ c: 1, h: rows.length, w: columns.length }, data);
  };
  const geometry = { kernel: 16, stride: 8, pad: 4 };
  close(deconv(ones(3, 2), weight, { ...geometry, h: 24, w: 16, tile: null }), outer(profile(3), profile(2)), 0);
  // Every tile has such a border.
  const twice = [...profile(2), ...profile(2)];
  close(deconv(ones(2, 4), weight, { ...geometry, h: 16, w: 32, tile: { h: 2, w: 2 } }), outer(profile(2), twice), 0);
});

const zooms: readonly [name: string, x: readonly [number, number, number], scale: number, size: Size][] = [
  ['whole blocks', [2, 3, 4], 8, [24, 32]],
  ['cut', [2, 3, 4], 8, [17, 29]],
  ['continued', [2, 2, 3], 8, [23, 40]],
  ['one cell', [3, 1, 1], 8, [8, 5]],
  ['scale 3', [1, 4, 3], 3, [11, 9]],
  ['scale 1', [2, 3, 4], 1, [3, 4]],
];

for (const [name, x, scale, [h, w]] of zooms) {
  test(`zoom: ${name}`, () => {
    const values = input(`zoom ${name}`, x);
    const y = field({ c: x[0], h, w });
    // From the cells' side: each is the top of a pyramid that reaches down to its neighbours, and the last of a line goes on.
    const share = (cell: number, cells: number, at: number): number =>
      cell === cells - 1 && at >= cell * scale ? 1 : Math.max(0, 1 - Math.abs(at / scale - cell));
    for (let c = 0; c < x[0]; c++)
      for (let v = 0; v < h; v++)
        for (let u = 0; u < w; u++)
          for (let i = 0; i < x[1]; i++)
            for (let j = 0; j < x[2]; j++)
              y.data[(c * h + v) * w + u] += share(i, x[1], v) * share(j, x[2], u) * values.data[(c * x[1] + i) * x[2] + j];
    close(zoom(values, { scale, h, w }), y);
  });
}

test('zoom: probabilities are not logits', () => {
  // Sure of class 0 by far beside sure of class 1: the logits' mean has long been class 0 where the probabilities change sides.
  const logits = field({ c: 2, h: 1, w: 2 }, Float64Array.of(100, 0, 0, 10));
  const size = { scale: 8, h: 1, w: 9 };
  assert.equal([...argmax(zoom(softmax(logits), size)).data], [0, 0, 0, 0, 0, 1, 1, 1, 1]);
  assert.equal([...argmax(zoom(logits, size)).data], [0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

test('softmax: exp over the sum, and no overflow', () => {
  const x = input('softmax', [5, 3, 4]);
  const pixels = x.h * x.w;
  const y = field(x);
  for (let n = 0; n < pixels; n++) {
    const sum = [0, 1, 2, 3, 4].reduce((total, c) => total + Math.exp(x.data[c * pixels + n]), 0);
    for (let c = 0; c < x.c; c++) y.data[c * pixels + n] = Math.exp(x.data[c * pixels + n]) / sum;
  }
  close(softmax(x), y);
  const far = softmax(field({ c: 3, h: 1, w: 2 }, Float64Array.of(900, -65504, -900, -65504, 900, -66504)));
  assert.equal([...far.data], [0.5, 0.5, 0, 0.5, 0.5, 0]);
});

test('maxpool: sizes rounded up, and what overhangs is no zero', () => {
  const x = field(
    { c: 1, h: 3, w: 5 },
    Float64Array.from({ length: 15 }, (_, n) => -15 + n),
  );
  close(maxpool(x), field({ c: 1, h: 2, w: 3 }, Float64Array.of(-9, -7, -6, -4, -2, -1)), 0);
  const kitti = maxpool(field({ c: 1, h: 1, w: 401 }));
  assert.equal([kitti.h, kitti.w], [1, 201]);
});

test.run();
