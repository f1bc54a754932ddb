// What every network says of itself: one that pictures go through, and one of the registry, whose weights lie elsewhere.
import type { End } from '../graph/end.ts';
import type { Graph, Node, Shape } from '../graph/graph.ts';
import type { Size } from '../image/size.ts';
import type { Card, Tile } from '../weights/card.ts';
import type { Tensors } from '../weights/tensor.ts';
import type { DilatedOptions, Grid } from './dilatednet.ts';

export interface Runnable {
  /** As it was asked for. */
  readonly name: string;
  /** `<body>_<decoder>`, a DilatedNet's name, or what is known of a file. */
  readonly canonical: string;
  /** `to` is for those that read a picture at once, whose last resize goes to any size; `widths` for DilatedNet, whose hidden layers may be narrower than published. */
  build(options: BuildOptions): Graph;
  /** What its scores are: as a checkpoint has them, or as they were published. */
  readonly end: End;
  /** What it reads of a picture at once; null: all. */
  readonly tile: Tile | null;
  /** Where tiles are stitched; null where there are none. */
  readonly grid: Grid | null;
  /** Its graph with values that are named as the file names them. Throws `BAD_USAGE` for names of none. Absent where no file names any. */
  withValues?(
    options: BuildOptions,
    names: readonly string[],
  ): { readonly graph: Graph; readonly values: ReadonlyMap<string, RuntimeValue> };
  /** The size inside for a picture, where a network does not take any; `asked` by the caller. Throws `BAD_USAGE` for one that it does not take. */
  readonly inside?: (picture: Size, asked: Size | null) => Size;
}

/** A value of an imported graph, and how its numbers lie in the file's own dimensions. */
export interface RuntimeValue {
  /** Of the graph's. */
  readonly value: string;
  readonly dims: readonly number[];
  /** c×h×w → row-major numbers of `dims`. */
  arrange(data: ArrayLike<number>): Float32Array;
}

export interface Network extends Runnable {
  /** The tensor whose first axis is the scores' channels. */
  readonly classifier: string;
  /** Channels of scores that a checkpoint of this network makes. */
  channels(tensors: Tensors): number;
  /** Number of classes that the papers count with. */
  readonly publishedClasses: number;
  /** The network with a checkpoint's channels and hidden widths, and the checkpoint with what published files leave out. Shapes are not checked here. */
  fit(tensors: Tensors, end?: Pick<End, 'activation'>): { readonly network: Network; readonly tensors: Tensors };
  /** The value that `classes` is the largest channel of. */
  readonly scores: 'logits' | 'prob';
}

/** Weights with everything that is known of them. */
export interface LoadedWeights<N extends Runnable = Runnable> {
  readonly network: N;
  readonly tensors: Tensors;
  readonly card: Card;
  /** What was assumed because nothing tells, for people; null otherwise. */
  readonly assumed: string | null;
  /** Of int8 codes: what numbers beside them are stored in, what that is called, and what is to be learned of a device. */
  readonly precision?: 'f32';
  readonly stated?: 'int8';
  readonly learn?: (device: GPUDevice) => Promise<void>;
  /** The files themselves, where they also say what the network is. */
  readonly stored?: readonly Uint8Array[];
  /** Of an ONNX file what it is at a size, for those that write it down. */
  readonly core?: (size: Size) => {
    readonly nodes: readonly Node[];
    readonly input: Shape;
    readonly value: string;
    readonly shape: Shape;
  };
}

export type BuildOptions = Omit<DilatedOptions, 'classes'> & Partial<Pick<DilatedOptions, 'classes'>>;

export function endOptions({ channels, ...end }: End): Pick<DilatedOptions, 'classes' | 'activation' | 'threshold'> {
  return { classes: channels, ...end };
}
