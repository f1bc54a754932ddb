// The pen that models write with: each call adds one unfused node and returns the name of its value.
import type { Constant, Norm } from './constant.ts';
import { furtherPen, type Push } from './further-pen.ts';
import { type Geometry, type Graph, INPUT, type Node, type Resampling, relu, type Shape, sigmoid } from './graph.ts';
import { verify } from './verify.ts';

/** Batch normalisation's ε in both published codes: PyTorch's default. */
const EPSILON = 1e-5;

export interface ConvOptions {
  readonly in: number;
  readonly out: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly pad?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** What its tensors are called after; default: its value. */
  readonly tensors?: string;
}

const tensor = (key: string, shape: readonly number[]): Constant => ({ kind: 'tensor', name: key, shape });

export type Builder = ReturnType<typeof builder>;

/** `begun` are nodes that are there already. */
export function builder(name: string, input: Shape, begun: readonly Node[] = []) {
  const nodes = [...begun];
  const aliases = new Map<string, string>();

  const push: Push = (op, value, inputs, attributes, constants = {}) => {
    nodes.push({ op, name: value, inputs, attributes, constants } as unknown as Node);
    return value;
  };

  return {
    ...(furtherPen.calls?.(push) as ReturnType<typeof furtherPen.calls>),
    input: INPUT,
    /** Tensors `<value>.weight` (out × in/groups × k × k) and, with `bias`, `<value>.bias`. */
    conv(value: string, x: string, options: ConvOptions): string {
      const { kernel = 1, stride = 1, dilation = 1, pad = 0, groups = 1, bias = false, tensors = value } = options;
      const constants: Record<string, Constant> = {
        weight: tensor(`${tensors}.weight`, [options.out, options.in / groups, kernel, kernel]),
      };
      if (bias) constants.bias = tensor(`${tensors}.bias`, [options.out]);
      const geometry: Geometry = {
        kernel: [kernel, kernel],
        strides: [stride, stride],
        dilations: [[dilation, dilation]],
        pads: [[pad, pad, pad, pad]],
        groups,
      };
      return push('conv', value, { x }, { geometry, fused: {} }, constants);
    },
    batchnorm(value: string, x: string, channels: number): string {
      const norm: Norm = { name: value, channels, epsilon: EPSILON };
      return push(
        'batchnorm',
        value,
        { x },
        { fused: {} },
        { scale: { kind: 'scale', norm }, shift: { kind: 'shift', norm, bias: null } },
      );
    },
    relu: (value: string, x: string) => push('activate', value, { x }, relu),
    sigmoid: (value: string, x: string) => push('activate', value, { x }, sigmoid),
    add: (value: string, x: string, other: string) => push('add', value, { x, other }, { fused: {} }),
    mul: (value: string, x: string, gate: string) => push('mul', value, { x, gate }, {}),
    slice: (value: string, x: string, from: number, to: number) => push('slice', value, { x }, { from, to }),
    concat: (value: string, parts: readonly string[]) => push('concat', value, Object.fromEntries(parts.entries()), {}),
    mean: (value: string, x: string) => push('mean', value, { x }, {}),
    pool: (value: string, x: string) => push('pool', value, { x }, {}),
    softmax: (value: string, x: string) => push('softmax', value, { x }, {}),
    resize: (value: string, x: string, size: { h: number; w: number }, mode: Resampling = 'half-pixel') =>
      push('resize', value, { x }, { h: size.h, w: size.w, mode }),
    copy: (value: string, x: string) => push('copy', value, { x }, {}),
    /** With a threshold of a single channel, which is a probability. */
    argmax: (value: string, x: string, threshold: number | null = null) =>
      push('argmax', value, { x }, { threshold, activation: 'none' }),
    /** What makes a value; nothing for the input. */
    node: (value: string): Node | undefined => nodes.find(({ name }) => name === value),
    /** Lets a module path name a value that another module made. */
    alias(path: string, value: string): void {
      aliases.set(path, aliases.get(value) ?? value);
    },
    graph: (outputs: readonly string[]): Graph => verify({ name, input, nodes, outputs, aliases }),
  };
}
