// join of neighbours that are copied into it  ⇒  join of what one step copies.
import { JOINED } from '../graph/forms.ts';
import type { Node, NodeOf } from '../graph/graph.ts';
import { QUAD, quads } from '../graph/layout.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite } from './pass.ts';

export const mergeCopies: Pass = {
  name: 'merge-copies',
  why: 'a step has its price however little it moves',
  apply(graph) {
    const shapes = infer(graph);
    const channelsOf = (run: readonly Node[]): number =>
      run.reduce((sum, { name }) => quads(sum) * QUAD + shapes.get(name)!.shape.c, 0);
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
          attributes: { c: channelsOf(run) },
          constants: {},
        });
        drop.push(...run);
      }
      if (made.length === 0) return null;
      return { node: made[0].name === join.name ? made : [...made, { ...join, inputs }], drop };
    });
  },
};
