// The form of a descriptor: data plus arrows, one a shader, without device, text or vendor.
import type { ReadConstant } from '../graph/constant.ts';
import type { NodeOf, Op } from '../graph/graph.ts';
import type { Placement } from '../graph/layout.ts';
import type { Params } from '../shader/pack.ts';
import type { MatrixForm, WeightStore } from '../shader/source.ts';

/** A node with its values placed. `at` takes a role of the node's inputs, or the name of a value that it writes. */
export interface Placed<K extends Op = Op> {
  readonly node: NodeOf<K>;
  readonly x: Placement;
  readonly y: Placement;
  at(role: string): Placement | null;
}

/** How a shader cuts its work into lanes, and all that follows from it. */
export interface Cut<K extends Op = Op> {
  overrides(placed: Placed<K>): Record<string, number | boolean>;
  params(placed: Placed<K>): Params;
  /** Invocations that have work. */
  lanes(placed: Placed<K>): number;
  /** Its shaders read weights through the codec `lib/weights`, so that very large ones can be stored as halves. */
  readonly halfWeights?: true;
  /** Canonical weights → the bytes that the shader reads; absent without constants. Needs no placement: weights don't depend on the size. */
  pack?(node: NodeOf<K>, read: ReadConstant, store: WeightStore): Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
}

/** Stands among the features of a device whose subgroups have eight lanes, always. */
export const OCTETS = 'subgroups-of-8';

/** One shader of a kernel. What it cuts otherwise than the kernel says, it says itself. */
export interface Variant<K extends Op = Op> extends Partial<Cut<K>> {
  readonly name: string;
  /** File in `shaders/`, without extension. */
  readonly shader: string;
  readonly needs: {
    /** Workgroup barriers must be cheap, as they are on GPUs and not on CPU adapters. */
    readonly barriers?: true;
    /** Made for CPU adapters: few lanes with much work each. */
    readonly software?: true;
    /** WebGPU features, and what else stands among a device's. */
    readonly features?: readonly string[];
    /** Subgroup matrices of these types. Those of halves make sums of rounded operands: for plans that round maps anyway. */
    readonly matrix?: Pick<MatrixForm, 'operands' | 'sums'>;
  };
  /** Packed weights over the canonical ones, paddings left out; default 1. */
  readonly weightsGrow?: number;
  /** Which of the kernel's nodes it can make; all when left out. */
  fits?(node: NodeOf<K>): boolean;
}

export interface Kernel<K extends Op = Op> extends Cut<K> {
  readonly name: string;
  /** The operations that it can make, under the condition of `fits`. */
  readonly ops: readonly K[];
  fits(node: NodeOf<K>): boolean;
  /** Best guess first (further ones in workgroups.ts, winograd.ts, octets.ts and matrices.ts), last the plain row, or the only form of a node that a pass makes for adapters with cheap barriers alone. */
  readonly variants: readonly Variant<K>[];
  /** Binding → the value that it reads, null for an optional input that is not used. */
  reads(node: NodeOf<K>): Record<string, string | null>;
  writes(node: NodeOf<K>): Record<string, string | null>;
}

/** Lets each descriptor be written against its own operations and stand in one list. */
export function kernel<K extends Op>(descriptor: Kernel<K>): Kernel {
  return descriptor as unknown as Kernel;
}

/** A kernel's cut with what a variant says otherwise. */
export function cutOf<K extends Op>(kernel: Kernel<K>, variant: Variant<K>): Cut<K> {
  return { ...kernel, ...variant };
}

/** The row that every adapter can run. */
export function plain(shader: string): Variant {
  return { name: 'plain', shader, needs: {} };
}
