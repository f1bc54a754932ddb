// The kernels of operations that no RegSeg has, and of int8 codes: a list of their own, for which a page that needs none of them has one placeholder.
// They come behind the others, the special ones before the general.
import { adaptive } from './adaptive.ts';
import { attention } from './attention.ts';
import { combine } from './combine.ts';
import { deconv, deconvClasses } from './deconv.ts';
import { depthwise } from './depthwise.ts';
import { interleave } from './interleave.ts';
import type { Kernel } from './kernel.ts';
import { layernorm } from './layernorm.ts';
import { matte } from './matte.ts';
import { merge } from './merge.ts';
import { moments } from './moments.ts';
import { move } from './move.ts';
import { narrow } from './narrow.ts';
import { product } from './product.ts';
import { qconv } from './qconv.ts';
import { qdepthwise } from './qdepthwise.ts';
import { qelementwise } from './qelementwise.ts';
import { qpool } from './qpool.ts';
import { qresize } from './qresize.ts';
import { qsums } from './qsums.ts';
import { reduce } from './reduce.ts';
import { resample } from './resample.ts';
import { sample } from './sample.ts';
import { slide } from './slide.ts';
import { sums } from './sums.ts';
import { transposed } from './transposed.ts';
import { unpool } from './unpool.ts';
import { warp } from './warp.ts';
import { window } from './window.ts';
import { winners } from './winners.ts';
import { zoom, zoomClasses } from './zoom.ts';

export const further: readonly Kernel[] = [
  sums,
  merge,
  adaptive,
  warp,
  zoom,
  zoomClasses,
  deconv,
  deconvClasses,
  depthwise,
  slide,
  transposed,
  interleave,
  window,
  winners,
  unpool,
  sample,
  combine,
  reduce,
  resample,
  move,
  narrow,
  matte,
  layernorm,
  moments,
  product,
  attention,
  qdepthwise,
  qconv,
  qelementwise,
  qsums,
  qpool,
  qresize,
];
