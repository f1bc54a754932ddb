// slice → conv, slice → conv, … → concat  ⇒  one convolution with one dilation a branch.
import type { Constant } from '../graph/constant.ts';
import { isBranched } from '../graph/forms.ts';
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
      const own = convs.map(conv => conv.attributes.geometry);
      const geometry = {
        ...own[0],
        dilations: own.flatMap(({ dilations }) => dilations),
        pads: own.flatMap(({ pads }) => pads),
        groups: own[0].groups * convs.length,
      };
      const node: NodeOf<'conv'> = {
        op: 'conv',
        name: concat.name,
        inputs: { x: slices[0].inputs.x },
        attributes: { geometry, fused: {} },
        constants: { weight },
      };
      return isBranched(node) ? { node, drop: [...convs, ...slices] } : null;
    });
  },
};

function onlySlice(conv: NodeOf<'conv'>, view: View): NodeOf<'slice'> | null {
  return view.sole(conv.inputs.x, 'slice');
}

/** Same shape of work: equal widths, kernel, stride and groups, nothing fused yet. */
function alike(conv: NodeOf<'conv'>, first: NodeOf<'conv'>): boolean {
  const key = ({ attributes: { geometry }, constants: { weight } }: NodeOf<'conv'>): string =>
    JSON.stringify([geometry.kernel, geometry.strides, geometry.groups, weight.kind === 'tensor' && weight.shape]);
  const { constants, attributes } = conv;
  const unfused = Object.keys(attributes.fused).length === 0 && Object.keys(constants).join() === 'weight';
  return key(conv) === key(first) && unfused && constants.weight.kind === 'tensor';
}
