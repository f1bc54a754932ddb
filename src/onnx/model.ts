// An ONNX file as data: what a reader found and an import goes on with. Nothing here knows what an operator means.
import type { Dtype, Tensor } from '../weights/tensor.ts';

/** A tensor of the file. Its bytes are views of the file, or of an external one; `external` says where they are to be looked for. */
export interface Initializer extends Tensor {
  readonly external: External | null;
}

export interface External {
  /** Relative to the model's folder, which it stays in. */
  readonly location: string;
  readonly offset: number;
  /** In bytes; null: as many as the shape takes. */
  readonly length: number | null;
}

/** An attribute by what it holds; `graph` stands for a body of Loop or Scan, of which only that there is one is known. */
export type Attribute =
  | { readonly kind: 'float' | 'int'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: Initializer }
  | { readonly kind: 'graph' | 'other' };

export interface OnnxNode {
  /** The node's own name, or the name of its first output where it has none. */
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** '' for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Of If, by its attributes' names. What they read of the graph around them is among the node's inputs, behind the condition. */
  readonly branches?: ReadonlyMap<string, Branch>;
}

/** The nodes of one side of an If, in order. */
export interface Branch {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, Initializer>;
  readonly outputs: readonly string[];
}

/** An input or output. Dimensions are numbers, or names that an import binds ('' for one without a name). */
export interface Port {
  readonly name: string;
  /** Null where the file says nothing of its shape. */
  readonly dims: readonly (number | string)[] | null;
  /** Null where the file doesn't say it, or one that isn't read. */
  readonly dtype: Dtype | null;
}

export interface OnnxModel {
  /** What the user called the file, for messages. */
  readonly file: string;
  readonly producer: string;
  /** Version of ONNX's own operators. */
  readonly opset: number;
  /** In an order in which each stands behind what it reads. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, Initializer>;
  /** Without the initializers that old files list among them. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly metadata: ReadonlyMap<string, string>;
}
