// A plan is data: the dispatches of one network at one size for one kind of adapter. It prints, hashes, compares and replays.
import type { Placement } from '../graph/layout.ts';
import type { Params } from '../shader/pack.ts';
import type { Codec, MatrixForm, WeightStore } from '../shader/source.ts';

/** What the first step reads: a texture (any frame or picture), a video's external texture, the caller's own normalised planes, or what the caller copies into `input`. */
export type Stem = 'texture' | 'external' | 'tensor' | 'map';

export interface Step {
  /** The graph's node; the first step reads the frame, and is called `input` where that is all that it does. */
  readonly node: string;
  readonly kernel: string;
  readonly variant: string;
  /** File in `shaders/`, without extension. */
  readonly shader: string;
  readonly overrides: Readonly<Record<string, number | boolean>>;
  /** What tuning tells steps apart by: the pipeline of the kernel's plain form, whatever the variant. */
  readonly kind: string;
  readonly params: Params;
  /** Workgroups in x and y. */
  readonly grid: readonly [number, number];
  /** Binding → value, for inputs and outputs; null where an optional one is not used. */
  readonly reads: Readonly<Record<string, string | null>>;
  readonly writes: Readonly<Record<string, string | null>>;
  /** Name of the step's constants, equal for equal contents; null without. */
  readonly weights: string | null;
  /** How the weights are stored. */
  readonly store: WeightStore;
  /** Of the maps that it reads and writes; absent where it is the plan's. */
  readonly codec?: Codec;
  /** The subgroup matrices that it is made by; absent where it is not. */
  readonly matrix?: MatrixForm;
  readonly macs: number;
  /** Bytes that the step must move at least: each input and the output once, and its weights. */
  readonly bytes: number;
}

export interface Plan {
  readonly model: string;
  readonly precision: Codec;
  readonly stem: Stem;
  /** Height and width of the network's input. */
  readonly size: readonly [number, number];
  /** Height and width of what comes out. */
  readonly to: readonly [number, number];
  readonly steps: readonly Step[];
  readonly values: Readonly<Record<string, Placement>>;
  /** Bytes of each slot: one buffer a slot. */
  readonly slots: readonly number[];
  readonly outputs: readonly string[];
  /** Of everything but the model's name and the step that reads the frame. */
  readonly hash: string;
}

/** Pipeline key and GPU label: `grouped/half?GROUP=4&STRIDE=2&RELU=1`. Flags that are off are not listed; half weights are: `conv/half+weights`, or the form of matrices: `conv.matrix/f16+16×16×16`. */
export function pipelineKey(
  { shader, overrides, store, matrix, codec }: Pick<Step, 'shader' | 'overrides' | 'store' | 'matrix' | 'codec'>,
  precision: Codec,
): string {
  const flags = Object.entries(overrides)
    .filter(([, value]) => value !== false)
    .map(([name, value]) => `${name}=${Number(value)}`);
  const form = matrix ? `${matrix.m}×${matrix.n}×${matrix.k}` : '';
  return `${shader}/${codec ?? precision}${matrix ? `+${form}` : store === 'half' ? '+weights' : ''}${flags.length ? `?${flags.join('&')}` : ''}`;
}

/** Distinct pipelines of a plan. */
export function pipelines({ steps, precision }: Plan): Set<string> {
  return new Set(steps.map(step => pipelineKey(step, precision)));
}

/** Bytes of a plan's buffers, weights not counted. */
export function peakBytes({ slots }: Plan): number {
  return slots.reduce((sum, bytes) => sum + bytes, 0);
}

/** 64 bits of FNV-1a over a text, as 16 hexadecimal digits: an identity, not a defence. */
export function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
