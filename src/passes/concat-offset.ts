// concat  ⇒  join: its parts are written where they belong, as channel ranges of one map.
import { INPUT, type Node, type NodeOf } from '../graph/graph.ts';
import { type Pass, rewrite } from './pass.ts';

export const concatOffset: Pass = {
  name: 'concat-offset',
  why: 'a part that only the concat reads can be stored at its channel offset; any other part is copied there',
  apply(graph) {
    return rewrite(graph, 'concat', (concat, view) => {
      const parts = Object.entries(concat.inputs);
      const copies: Node[] = [];
      const inputs = parts.map(([role, value]) => {
        const producer = value === INPUT ? undefined : view.producer(value);
        // A mean's kernel and an excitation's know no offset.
        const placeable = producer && !['concat', 'mean', 'excite'].includes(producer.op);
        const inPlace = placeable && view.readers(value).length === 1 && !view.isOutput(value);
        if (inPlace) return [role, value];
        const copy: NodeOf<'copy'> = {
          op: 'copy',
          name: `${concat.name}.${role}`,
          inputs: { x: value },
          attributes: {},
          constants: {},
        };
        copies.push(copy);
        return [role, copy.name];
      });
      const join: NodeOf<'join'> = { ...concat, op: 'join', inputs: Object.fromEntries(inputs) };
      return { node: [...copies, join], drop: [] };
    });
  },
};
