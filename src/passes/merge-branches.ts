// slice → conv, slice → conv, … → concat  ⇒  one convolution with one dilation a branch.
import type { Constant } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite, type View } from './pass.ts';

export const mergeBranches: Pass = {
  name: 'merge-branches',
  why: 'the branches of a D block differ in their dilation alone: one dispatch, no split and no concat in memory',
  apply(graph) {
    const values = infer(graph);
    return rewrite(graph, 'concat', (concat, view) => {
      const convs = Object.values(concat.inputs).map(value => view.sole(value, 'conv'));
      const slices = convs.map(conv => conv && onlySlice(conv, view));
      if (!convs.every(conv => conv !== null) || !slices.every(slice => slice !== null)) return null;
      const [first] = convs;
      const contiguous = slices.every(
        (slice, n) => slice.inputs.x === slices[0].inputs.x && slice.attributes.from === (n ? slices[n - 1].attributes.to : 0),
      );
      const whole = slices.at(-1)!.attributes.to === values.get(slices[0].inputs.x)!.shape.c;
      if (!contiguous || !whole || !convs.every(conv => alike(conv, first))) return null;
      const weight: Constant = { kind: 'stack', parts: convs.map(conv => conv.constants.weight) };
      const attributes = {
        ...first.attributes,
        dilations: convs.flatMap(conv => conv.attributes.dilations),
        pads: convs.flatMap(conv => conv.attributes.pads),
        groups: first.attributes.groups * convs.length,
      };
      const node: NodeOf<'conv'> = {
        op: 'conv',
        name: concat.name,
        inputs: { x: slices[0].inputs.x },
        attributes,
        constants: { weight },
      };
      return { node, drop: [...convs, ...slices] };
    });
  },
};

function onlySlice(conv: NodeOf<'conv'>, view: View): NodeOf<'slice'> | null {
  return view.sole(conv.inputs.x, 'slice');
}

/** Same shape of work: equal widths, kernel, stride and groups, nothing fused yet. */
function alike(conv: NodeOf<'conv'>, first: NodeOf<'conv'>): boolean {
  const key = ({ attributes: { kernel, stride, groups, activation }, constants }: NodeOf<'conv'>): string =>
    JSON.stringify([
      kernel,
      stride,
      groups,
      activation,
      constants.weight.kind === 'tensor' && constants.weight.shape,
      Object.keys(constants),
    ]);
  return key(conv) === key(first) && activationless(conv);
}

function activationless(conv: NodeOf<'conv'>): boolean {
  return conv.attributes.activation === 'none' && !conv.constants.bias && conv.constants.weight.kind === 'tensor';
}
