// All tables, for those who run every kernel: the tests' completeness check and `bench --check`.

import { table as adaptive } from './adaptive.test.ts';
import { table as attention } from './attention.test.ts';
import { table as chain } from './chain.test.ts';
import { table as classify } from './classify.test.ts';
import { table as combine } from './combine.test.ts';
import { table as concat } from './concat.test.ts';
import { table as conv } from './conv.test.ts';
import { table as deconv } from './deconv.test.ts';
import { table as depthwise } from './depthwise.test.ts';
import { table as elementwise } from './elementwise.test.ts';
import { table as excite } from './excite.test.ts';
import { table as gated } from './gated.test.ts';
import { table as grouped } from './grouped.test.ts';
import { table as interleave } from './interleave.test.ts';
import { table as layernorm } from './layernorm.test.ts';
import { table as matte } from './matte.test.ts';
import { table as merge } from './merge.test.ts';
import { table as moments } from './moments.test.ts';
import { table as move } from './move.test.ts';
import { table as narrow } from './narrow.test.ts';
import { table as pointwise } from './pointwise.test.ts';
import { table as pool } from './pool.test.ts';
import { table as preprocess } from './preprocess.test.ts';
import { table as product } from './product.test.ts';
import { table as qconv } from './qconv.test.ts';
import { table as qdepthwise } from './qdepthwise.test.ts';
import { table as qelementwise } from './qelementwise.test.ts';
import { table as qpool } from './qpool.test.ts';
import { table as qresize } from './qresize.test.ts';
import { table as qsums } from './qsums.test.ts';
import { table as reduce } from './reduce.test.ts';
import { table as resample } from './resample.test.ts';
import { table as sample } from './sample.test.ts';
import { table as slide } from './slide.test.ts';
import { table as softmax } from './softmax.test.ts';
import { table as squeeze } from './squeeze.test.ts';
import { table as stem } from './stem.test.ts';
import { table as sums } from './sums.test.ts';
import type { KernelTable } from './table.ts';
import { table as tail } from './tail.test.ts';
import { table as transposed } from './transposed.test.ts';
import { table as twin } from './twin.test.ts';
import { table as unpool } from './unpool.test.ts';
import { table as upsample } from './upsample.test.ts';
import { table as warp } from './warp.test.ts';
import { table as window } from './window.test.ts';
import { table as winners } from './winners.test.ts';
import { table as zoom } from './zoom.test.ts';

export const tables: readonly KernelTable[] = [
  preprocess,
  stem,
  chain,
  gated,
  twin,
  pointwise,
  grouped,
  tail,
  conv,
  excite,
  sums,
  squeeze,
  pool,
  upsample,
  merge,
  adaptive,
  warp,
  elementwise,
  classify,
  softmax,
  zoom,
  deconv,
  depthwise,
  slide,
  transposed,
  interleave,
  narrow,
  window,
  winners,
  unpool,
  sample,
  combine,
  reduce,
  resample,
  move,
  concat,
  matte,
  layernorm,
  moments,
  product,
  attention,
  qconv,
  qdepthwise,
  qelementwise,
  qsums,
  qpool,
  qresize,
];
