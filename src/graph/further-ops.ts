// The rules of operations that RegSeg's own networks don't have: DilatedNet's, other decoders', and those of imported networks.

import { count } from '../weights/tensor.ts';
import { shapeOf } from './constant.ts';
import type { Shape, Value } from './graph.ts';
import { classMap, convolved, halved, map, must, mustMatch, type Rules, sameAsX, show } from './rules.ts';
import { MOST_TAPS } from './taps.ts';

export const furtherOps: Rules<
  | 'maxpool'
  | 'zoom'
  | 'deconv'
  | 'crop'
  | 'stack'
  | 'adaptive'
  | 'warp'
  | 'transposed'
  | 'interleave'
  | 'window'
  | 'winners'
  | 'unpool'
  | 'sample'
  | 'combine'
  | 'reduce'
  | 'resample'
  | 'move'
  | 'layernorm'
  | 'moments'
  | 'normalise'
  | 'product'
  | 'attention'
  | 'matte'
  | 'quantise'
  | 'dequantise'
  | 'qconv'
  | 'qsums'
  | 'qscale'
  | 'qadd'
  | 'qpool'
  | 'qresize'
  | 'merge'
  | 'sums'
  | 'narrow'
> = {
  maxpool: { infer: (_node, input) => [map(halved(input('x').shape))] },
  zoom: {
    infer: (node, input) => {
      const { h, w, classes } = node.attributes;
      const { shape } = input('x');
      return [classes ? classMap({ h, w }) : map({ c: shape.c, h, w })];
    },
  },
  deconv: {
    infer: (node, input) => {
      const { kernel, stride, pad, h, w, tile, classes } = node.attributes;
      const { shape } = input('x');
      const [o, i, kh, kw] = shapeOf(node.constants.weight);
      must(o === shape.c && i === 1, () => `the weight is ${o}×${i}, x has ${shape.c} channels of a group each`);
      must(kh === kernel && kw === kernel, () => `the weight is ${kh}×${kw}, the kernel ${kernel}×${kernel}`);
      const grown = (cells: number, one: number): number => {
        const length = (n: number): number => (n - 1) * stride + kernel - 2 * pad;
        return cells > one ? Math.ceil(cells / one) * length(one) : length(cells);
      };
      const most = [grown(shape.h, tile?.h ?? shape.h), grown(shape.w, tile?.w ?? shape.w)];
      must(h <= most[0] && w <= most[1], () => `the result is ${h}×${w}, ${show(shape)} grows to ${most.join('×')} at most`);
      return [classes ? classMap({ h, w }) : map({ c: shape.c, h, w })];
    },
    // Of each tap row and column one in `stride` meets a cell.
    macs: (node, { h, w }) => {
      const { kernel, stride } = node.attributes;
      return shapeOf(node.constants.weight)[0] * (kernel / stride) ** 2 * h * w;
    },
  },
  crop: {
    infer: (node, input) => {
      const { top, rows } = node.attributes;
      const { c, h, w } = input('x').shape;
      must(top >= 0 && rows > 0 && top + rows <= h, () => `rows ${top} to ${top + rows} of ${h}`);
      return [map({ c, h: rows, w })];
    },
  },
  stack: {
    infer: (node, input) => {
      const parts = Object.keys(node.inputs).map(role => input(role).shape);
      for (const part of parts) mustMatch({ ...parts[0], h: part.h }, part, 'a part');
      return [map({ ...parts[0], h: parts.reduce((sum, part) => sum + part.h, 0) })];
    },
  },
  adaptive: { infer: (node, input) => [map({ c: input('x').shape.c, h: node.attributes.bins, w: node.attributes.bins })] },
  warp: {
    infer: (_node, input) => {
      const { c, h, w } = input('flow').shape;
      must(c === 2, () => `the flow has ${c} channels, it must have 2`);
      return [map({ c: input('x').shape.c, h, w })];
    },
  },
  transposed: {
    infer: (node, input) => {
      const { groups, h, w } = node.attributes;
      const [i, o] = shapeOf(node.constants.weight);
      const { c } = input('x').shape;
      must(i === c && c % groups === 0, () => `the weight is for ${i} channels in ${groups} groups, x has ${c}`);
      const { scale } = node.constants;
      if (scale) must(shapeOf(scale)[0] === o * groups, () => `${shapeOf(scale)[0]} scales for ${o * groups} channels`);
      return [map({ c: o * groups, h, w })];
    },
    // Of each tap row and column one in a stride meets a cell.
    macs: (node, { h, w }) => {
      const [down, right] = node.attributes.strides;
      return (count(shapeOf(node.constants.weight)) / (down * right)) * h * w;
    },
  },
  interleave: {
    infer: (node, input) => {
      const { strides, cut, h, w } = node.attributes;
      const { shape } = input('x');
      const c = shape.c / (strides[0] * strides[1]);
      must(Number.isInteger(c), () => `${shape.c} channels for ${strides.join('×')} pixels`);
      must(
        h + cut[0] <= shape.h * strides[0] && w + cut[1] <= shape.w * strides[1],
        () => `the result is ${h}×${w} behind ${cut.join('×')}, ${show(shape)} grows by ${strides.join('×')}`,
      );
      return [map({ c, h, w })];
    },
  },
  window: { infer: (node, input) => [map({ c: input('x').shape.c, h: node.attributes.h, w: node.attributes.w })] },
  winners: {
    infer: (node, input) => {
      const { kernel, h, w } = node.attributes;
      const taps = kernel[0] * kernel[1];
      must(taps <= MOST_TAPS, () => `${taps} taps, a byte tells ${MOST_TAPS}`);
      return [{ shape: { c: input('x').shape.c, h, w }, kind: 'int8' }];
    },
  },
  unpool: {
    infer: (node, input) => {
      const { shape } = input('x');
      mustMatch(shape, mustBeCodes(input('winners')).shape, 'the map of winners');
      return [map({ c: shape.c, h: node.attributes.h, w: node.attributes.w })];
    },
  },
  sample: {
    infer: (_node, input) => {
      const { c, h, w } = input('grid').shape;
      must(c === 2, () => `the grid has ${c} channels, it must have 2`);
      return [map({ c: input('x').shape.c, h, w })];
    },
  },
  combine: {
    infer: (node, input) => {
      const x = input('x').shape;
      const [c, h, w] = node.constants.other ? shapeOf(node.constants.other) : [];
      const other = node.constants.other ? { c, h, w } : input('other').shape;
      const along = (axis: keyof Shape): number => {
        must(x[axis] === other[axis] || x[axis] === 1 || other[axis] === 1, () => `x is ${show(x)}, the other ${show(other)}`);
        return Math.max(x[axis], other[axis]);
      };
      return [map({ c: along('c'), h: along('h'), w: along('w') })];
    },
  },
  reduce: {
    infer: (node, input) => {
      const { channels, rows, columns } = node.attributes;
      const { c, h, w } = input('x').shape;
      return [map({ c: channels ? 1 : c, h: rows ? 1 : h, w: columns ? 1 : w })];
    },
  },
  resample: {
    infer: (node, input) => {
      const { h, w } = node.attributes;
      const [rows, columns] = [node.constants.rows, node.constants.columns].map(shapeOf);
      must(rows[0] === h && columns[0] === w, () => `tables for ${rows[0]}×${columns[0]}, the result is ${h}×${w}`);
      must(rows[1] > 0 && columns[1] > 0, () => 'a table without taps');
      return [map({ c: input('x').shape.c, h, w })];
    },
  },
  move: {
    infer: node => {
      const { c, h, w } = node.attributes;
      const tables = [node.constants.channels, node.constants.rows, node.constants.columns].map(table => shapeOf(table)[0]);
      must(tables.join() === [c, h, w].join(), () => `tables for ${tables.join('×')}, the result is ${show({ c, h, w })}`);
      return [map({ c, h, w })];
    },
  },
  matte: {
    infer: (node, input) => {
      const { c } = input('x').shape;
      must(c === 1, () => `x has ${c} channels, a matte is of one`);
      return [classMap(node.attributes)];
    },
  },
  merge: {
    infer: (_node, input) => {
      const [x, other] = [input('x').shape, input('other').shape];
      must(x.c === other.c, () => `x has ${x.c} channels, the other ${other.c}`);
      return [map(other)];
    },
  },
  narrow: { infer: sameAsX },
  sums: {
    infer: (node, input) => {
      const { c, h, w } = input('x').shape;
      const { strips } = node.attributes;
      must(strips > 0 && strips <= h * w, () => `${strips} strips of ${h * w} pixels`);
      return [{ shape: { c, h: strips, w: 1 }, kind: 'exact' }];
    },
  },
  moments: {
    infer: (node, input) => {
      const { c } = input('x').shape;
      for (const given of Object.values(node.constants))
        must(shapeOf(given)[0] === c, () => `${shapeOf(given)[0]} scales or shifts for ${c} channels`);
      const { given: [from, to] = [0, 0] } = node.attributes;
      must(from >= 0 && to <= c, () => `statistics of channels ${from} to ${to} of ${c} are given`);
      must(to === 0 || 'scale' in node.constants, () => `statistics of channels ${from} to ${to} are given without a scale`);
      return [{ shape: { c, h: 2, w: 1 }, kind: 'exact' }];
    },
  },
  normalise: {
    infer: (_node, input) => {
      const { shape } = input('x');
      mustMatch({ c: shape.c, h: 2, w: 1 }, input('norm').shape, 'the norm');
      must(input('norm').kind === 'exact', () => 'a norm must be float32, made by moments');
      return [map(shape)];
    },
  },
  layernorm: {
    infer: (node, input) => {
      const { c } = input('x').shape;
      for (const constant of Object.values(node.constants))
        must(shapeOf(constant)[0] === c, () => `${shapeOf(constant)[0]} scales for ${c} channels`);
      return [map(input('x').shape)];
    },
  },
  product: {
    infer: (node, input) => {
      const { batches, turned, inner } = node.attributes;
      const [x, other] = [input('x').shape, input('other').shape];
      const pixels = (other.h * other.w) / batches;
      must(
        Number.isInteger(pixels) && (x.h * x.w) % batches === 0 && x.c === inner && (turned ? pixels : other.c) === inner,
        () => `sums over ${inner} in ${batches} batches of ${show(x)} and ${show(other)}`,
      );
      return [map({ ...x, c: turned ? other.c : pixels })];
    },
    macs: ({ attributes: { inner } }, { c, h, w }) => inner * c * h * w,
  },
  attention: {
    infer: (node, input) => {
      const { heads, pixels, inner } = node.attributes;
      const [x, keys, values] = ['x', 'keys', 'values'].map(role => input(role).shape);
      must(
        keys.c === inner && x.c === inner && keys.h * keys.w === pixels && values.h * values.w === pixels,
        () => `x is ${show(x)}, keys ${show(keys)}, values ${show(values)}`,
      );
      // Each head begins at a whole quad.
      for (const { c } of [x, values])
        must(c % heads === 0 && (heads === 1 || (c / heads) % 4 === 0), () => `${heads} heads of ${c} channels`);
      return [map({ ...x, c: values.c })];
    },
    macs: ({ attributes: { inner, pixels } }, { c, h, w }) => (inner + c) * pixels * h * w,
  },
  quantise: { infer: (_node, input) => [{ shape: input('x').shape, kind: 'int8' }] },
  dequantise: {
    infer: (_node, input) => {
      mustBeCodes(input('x'));
      return [map(input('x').shape)];
    },
  },
  qconv: {
    infer: (node, input) => {
      const { geometry, to, beside } = node.attributes;
      const [o, i, kh, kw] = shapeOf(node.constants.weight);
      const { shape: x } = mustBeCodes(input('x'));
      must(
        i * geometry.groups === x.c && o % geometry.groups === 0,
        () => `${geometry.groups} groups of ${i} channels, x is ${show(x)}`,
      );
      must(
        kh === geometry.kernel[0] && kw === geometry.kernel[1],
        () => `the weight is ${kh}×${kw}, the kernel ${geometry.kernel.join('×')}`,
      );
      const sizes = geometry.dilations.map((_, branch) => convolved({ ...x, c: o }, geometry, branch));
      for (const size of sizes) mustMatch(sizes[0], size, 'another branch');
      must((beside !== null) === 'residual' in node.inputs, () => 'a residual without its codes, or the other way round');
      if (beside) mustMatch(sizes[0], mustBeCodes(input('residual')).shape, 'the residual');
      return [{ shape: sizes[0], kind: to ? 'int8' : 'map' }];
    },
    macs: (node, { h, w }) => count(shapeOf(node.constants.weight)) * h * w,
  },
  qsums: {
    infer: (node, input) => [{ shape: { c: mustBeCodes(input('x')).shape.c, h: node.attributes.strips, w: 1 }, kind: 'exact' }],
  },
  qscale: {
    infer: (_node, input) => {
      const { shape } = mustBeCodes(input('x'));
      mustMatch({ c: shape.c, h: 1, w: 1 }, input('gate').shape, 'the gate');
      must(input('gate').kind === 'exact', () => 'the gate must be float32, made by excite');
      return [{ shape, kind: 'int8' }];
    },
  },
  qadd: {
    infer: (node, input) => {
      const { shape } = mustBeCodes(input('x'));
      must(
        (node.attributes.beside !== null) === 'other' in node.inputs,
        () => 'another operand without its codes, or the other way round',
      );
      if (node.inputs.other) mustMatch(shape, mustBeCodes(input('other')).shape, 'the other operand');
      return [{ shape, kind: 'int8' }];
    },
  },
  qpool: { infer: (_node, input) => [{ shape: halved(mustBeCodes(input('x')).shape), kind: 'int8' }] },
  qresize: {
    infer: (node, input) => {
      const { h, w } = node.attributes;
      return [{ shape: { c: mustBeCodes(input('x')).shape.c, h, w }, kind: 'int8' }];
    },
  },
};

function mustBeCodes(value: Value): Value {
  must(value.kind === 'int8', () => 'its operands must be maps of codes');
  return value;
}
