// transposed conv, stride 1  ⇒  a convolution with its weight turned: everything that follows sees one.
import type { Constant } from '../graph/constant.ts';
import type { NodeOf, Pads } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite } from './pass.ts';

export const transposedConv: Pass = {
  name: 'transposed-conv',
  why: 'a kernel that is stamped on every pixel is the same kernel, turned, that every pixel reads with',
  apply(graph) {
    const values = infer(graph);
    return rewrite(graph, 'transposed', node => {
      const { kernel, strides, dilations, pads, groups, h, w, fused } = node.attributes;
      const { shape } = values.get(node.inputs.x)!;
      // Of a single pixel most taps would read beyond the map: `transposed-phases` makes a product of it.
      if (groups > 1 || strides.some(stride => stride > 1) || shape.h * shape.w === 1) return null;
      const [down, right] = kernel.map((size, axis) => dilations[axis] * (size - 1));
      const [top, left] = [down - pads[0], right - pads[1]];
      const around: Pads = [top, left, h + down - shape.h - top, w + right - shape.w - left];
      if (around.some(pad => pad < 0)) return null;
      const { weight, ...constants } = node.constants;
      const turned: Constant = { kind: 'turned', of: weight };
      const geometry = { kernel, strides, dilations: [dilations], pads: [around], groups };
      const conv: NodeOf<'conv'> = {
        ...node,
        op: 'conv',
        attributes: { geometry, fused },
        constants: { weight: turned, ...constants },
      };
      return { node: conv, drop: [] };
    });
  },
};
