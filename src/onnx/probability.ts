// Whether a file ends in numbers from 0 to 1 by itself, so that no sigmoid is put behind them.
import type { Node, NodeOf, Op } from '../graph/graph.ts';
import { RESIZES } from '../graph/probability.ts';

/** What only brings a value to another place. */
const MOVES: ReadonlySet<Op> = new Set<Op>([...RESIZES, 'resample', 'copy']);

export function isProbability(nodes: readonly Node[], value: string): boolean {
  const node = nodes.find(({ name }) => name === value);
  if (!node) return false;
  if (MOVES.has(node.op) || (node.op === 'move' && Object.keys(node.inputs).length === 1))
    return isProbability(nodes, Object.values(node.inputs)[0]);
  if (node.op === 'activate') {
    const { curve, a, b } = node.attributes;
    return curve === 'sigmoid' || curve === 'hard-sigmoid' || (curve === 'clip' && a >= 0 && b <= 1);
  }
  if (node.op === 'combine') return ['greater', 'less', 'equal'].includes(node.attributes.operation) || isSpread(nodes, node);
  return node.op === 'softmax';
}

/** A probability in bytes, times 255, as files that end in a picture have it. */
export function isBytes(nodes: readonly Node[], node: Node): boolean {
  if (node.op !== 'activate') return false;
  const { curve, a, b } = node.attributes;
  return curve === 'affine' && a === 255 && b === 0 && isProbability(nodes, node.inputs.x);
}

/** (x − least) / (greatest − least), as U²-Net's code ends; with an ε in the divisor or not. */
function isSpread(nodes: readonly Node[], node: NodeOf<'combine'>): boolean {
  const made = new Map(nodes.map(each => [each.name, each]));
  const difference = (name: string): Node['inputs'] | null => {
    const each = made.get(name);
    const inner =
      each?.op === 'activate' && each.attributes.curve === 'affine' && each.attributes.a === 1 ? made.get(each.inputs.x) : each;
    return inner?.op === 'combine' && inner.attributes.operation === 'sub' && !inner.attributes.swapped ? inner.inputs : null;
  };
  const isEnd = (name: string, operation: 'min' | 'max', of: string): boolean => {
    const each = made.get(name);
    return each?.op === 'reduce' && each.attributes.operation === operation && each.inputs.x === of;
  };
  const { x, other } = node.inputs;
  if (node.attributes.operation !== 'div' || node.attributes.swapped || !other) return false;
  const [over, under] = [difference(x), difference(other)];
  if (!over || !under) return false;
  return isEnd(over.other!, 'min', over.x!) && isEnd(under.x!, 'max', over.x!) && isEnd(under.other!, 'min', over.x!);
}
