// 1×1 conv → its first channels, its other channels  ⇒  one convolution with two outputs.
import { isTwin } from '../graph/forms.ts';
import type { NodeOf } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { fusing, type Pass, rewrite } from './pass.ts';

export const splitOutputs: Pass = {
  name: 'split-outputs',
  why: 'keys and values are made together and read apart: stored apart, neither is copied out of the other',
  // On CPU adapters a step costs little, and products of one map have faster rows.
  needs: { barriers: true },
  apply(graph) {
    const values = infer(graph);
    return rewrite(graph, 'conv', (conv, view) => {
      const readers = view.readers(conv.name);
      if (readers.length !== 2 || view.isOutput(conv.name) || !readers.every(reader => reader.op === 'slice')) return null;
      const [first, second] = (readers as readonly NodeOf<'slice'>[]).toSorted((a, b) => a.attributes.from - b.attributes.from);
      const split = first.attributes.to;
      const isWhole =
        first.attributes.from === 0 && second.attributes.from === split && second.attributes.to === values.get(conv.name)!.shape.c;
      const twin = { ...conv, name: first.name, attributes: fusing(conv, { also: { name: second.name, split } }) };
      return isWhole && !conv.attributes.fused.also && isTwin(twin) ? { node: twin, drop: readers } : null;
    });
  },
};
