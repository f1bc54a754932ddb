// join of neighbours that are copied into it  ⇒  join of what one step copies.
import { JOINED } from '../graph/forms.ts';
import type { Node, NodeOf } from '../graph/graph.ts';
import { type Pass, rewrite } from './pass.ts';

export const mergeCopies: Pass = {
  name: 'merge-copies',
  why: 'a step has its price however little it moves',
  apply(graph) {
    return rewrite(graph, 'join', (join, view) => {
      const parts = Object.values(join.inputs);
      const copies = parts.map(part => view.sole(part, 'copy'));
      const made: Node[] = [];
      const drop: Node[] = [];
      const inputs: Record<string, string> = {};
      for (let from = 0, to = 0; from < parts.length; from = to) {
        do to++;
        while (copies[from] && copies[to] && to < from + JOINED);
        inputs[from] = parts[from];
        if (to === from + 1) continue;
        const run = copies.slice(from, to) as NodeOf<'copy'>[];
        const name = run.length === parts.length ? join.name : parts[from];
        made.push({
          op: 'concat',
          name,
          inputs: Object.fromEntries(run.map(({ inputs: { x } }, n) => [n, x])),
          attributes: { whole: true },
          constants: {},
        });
        drop.push(...run);
      }
      if (made.length === 0) return null;
      return { node: made[0].name === join.name ? made : [...made, { ...join, inputs }], drop };
    });
  },
};
