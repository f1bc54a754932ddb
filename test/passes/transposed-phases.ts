// A graph of one transposed convolution, for the tests of what becomes of it.
import type { Constant } from '../../src/graph/constant.ts';
import type { Activation, Graph, Node, NodeOf, Pair, Shape } from '../../src/graph/graph.ts';
import { verify } from '../../src/graph/verify.ts';

interface Spec {
  readonly x?: Shape;
  readonly out?: number;
  readonly kernel?: Pair;
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly pads?: Pair;
  readonly groups?: number;
  readonly h: number;
  readonly w: number;
  readonly normed?: boolean;
  readonly activation?: Activation;
}

export function transposedGraph(spec: Spec): Graph {
  const { x = { c: 4, h: 4, w: 5 }, out = 6, kernel = [2, 2], strides = [2, 2], dilations = [1, 1], pads = [0, 0] } = spec;
  const { groups = 1, h, w, normed = false, activation } = spec;
  const tensor = (name: string, ...shape: number[]): Constant => ({ kind: 'tensor', name: `up.${name}`, shape });
  const norm = { name: 'bn', channels: out, epsilon: 1e-5 };
  const up: NodeOf<'transposed'> = {
    op: 'transposed',
    name: 'up',
    inputs: { x: 'input' },
    attributes: { kernel, strides, dilations, pads, h, w, groups, fused: activation ? { activation } : {} },
    constants: {
      weight: tensor('weight', x.c, out / groups, ...kernel),
      bias: normed ? { kind: 'shift', norm, bias: tensor('bias', out) } : tensor('bias', out),
      ...(normed && { scale: { kind: 'scale', norm } as const }),
      ...(activation?.curve === 'prelu' && { slope: tensor('slope', out) }),
    },
  };
  return verify({ name: 'up', input: x, nodes: [up as Node], outputs: ['up'], aliases: new Map() });
}
