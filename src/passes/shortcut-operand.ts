// conv3 + (pool →) shortcut conv  ⇒  one 1×1 convolution over both operands.
import { isPointwise, type NodeOf } from '../graph/graph.ts';
import { fusing, type Pass, rewrite, type View } from './pass.ts';

export const shortcutOperand: Pass = {
  name: 'shortcut-operand',
  why: "two 1×1 convolutions that are summed are one with the input channels of both: the shortcut's map is never stored",
  apply: graph =>
    rewrite(graph, 'add', (add, view) => {
      const main = plain(add.inputs.x, view);
      const shortcut = plain(add.inputs.other, view);
      if (!main || !shortcut || main.attributes.fused.shortcut || Object.keys(shortcut.inputs).length > 1) return null;
      const pool = view.sole(shortcut.inputs.x, 'pool');
      const parts = [main.constants.bias, shortcut.constants.bias].filter(bias => bias !== undefined);
      const node: NodeOf<'conv'> = {
        ...main,
        name: add.name,
        inputs: { ...main.inputs, shortcut: pool ? pool.inputs.x : shortcut.inputs.x },
        attributes: fusing(main, { shortcut: pool ? 'pooled' : 'same', ...add.attributes.fused }),
        constants: {
          weight: main.constants.weight,
          shortcut: shortcut.constants.weight,
          ...(parts.length === 2 ? { bias: { kind: 'sum', parts } } : parts.length === 1 ? { bias: parts[0] } : {}),
        },
      };
      return { node, drop: [main, shortcut, ...(pool ? [pool] : [])] };
    }),
};

/** The 1×1 convolution behind a value, when nothing follows it but the sum. */
function plain(value: string, view: View): NodeOf<'conv'> | null {
  const conv = view.sole(value, 'conv');
  return conv && isPointwise(conv) && !conv.attributes.fused.activation && !conv.inputs.residual ? conv : null;
}
