// The kernels of int8 codes: a list of their own, which a page that loads no codes has in one place.
import type { Kernel } from './kernel.ts';
import { qconv } from './qconv.ts';
import { qdepthwise } from './qdepthwise.ts';
import { qelementwise } from './qelementwise.ts';
import { qpool } from './qpool.ts';
import { qresize } from './qresize.ts';
import { qsums } from './qsums.ts';

export const integers: readonly Kernel[] = [qdepthwise, qconv, qelementwise, qsums, qpool, qresize];
