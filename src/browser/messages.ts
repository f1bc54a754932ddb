// What a page and its worker say to each other. A call has a number; its answer, its callbacks and its end go by that.
import type { Stepped } from '../front/live.ts';
import type { LoadOptions } from '../front/load-options.ts';
import type { SegmentOptions } from '../front/options.ts';
import type { Profile } from '../front/profile.ts';
import type { DrawOptions, SegmentInfo } from '../front/result.ts';
import type { Raw, Scores } from '../pipeline.ts';
import type { AdapterFacts } from '../plan/choose.ts';
import type { Plan } from '../plan/plan.ts';
import type { Precision } from '../shader/source.ts';
import type { Card } from '../weights/card.ts';

/** A picture that can be posted, or was. */
export type Parcel = VideoFrame | ImageBitmap | Blob | { data: Uint8Array; width: number; height: number };

/** A canvas that the worker has, by its number, or gets now under that number; 0: the picture comes back to be shown on the page. */
export interface Target {
  readonly number: number;
  readonly canvas: OffscreenCanvas | null;
}

/** Of a model, when it is there. */
export interface Loaded {
  readonly card: Card;
  readonly assumed: string | null;
  readonly precision: Precision | 'int8';
}

/** A result's own, without what the page knows already. */
export interface Segmented {
  readonly classes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly info: SegmentInfo;
  readonly scores: Scores | null;
  readonly matte: Uint8Array | null;
  readonly raw: ReadonlyMap<string, Raw> | null;
}

/** Options without their functions and signals. */
type Plain = Readonly<Record<string, unknown>>;

/** Every call: what is asked, and what is answered. */
export interface Calls {
  load(ask: { readonly source: unknown; readonly options: LoadOptions }): Loaded;
  prepare(ask: { readonly size: unknown; readonly options: SegmentOptions }): Plan;
  segment(ask: { readonly picture: Parcel; readonly options: SegmentOptions }): Segmented & { readonly plan: Plan | null };
  profile(ask: { readonly picture: Parcel; readonly options: SegmentOptions }): Profile;
  facts(ask: Plain): AdapterFacts;
  /** SVG. */
  drawFieldsOfView(ask: Plain): string;
  /** The picture itself where the target is the page's own. */
  draw(ask: {
    readonly result: Omit<Segmented, 'scores' | 'raw'>;
    readonly picture: Parcel;
    readonly target: Target;
    readonly options: DrawOptions | undefined;
  }): ImageBitmap | null;
  /** Opens a stream under a number. `results`: are they asked for? */
  stream(ask: { readonly stream: number; readonly target: Target; readonly options: Plain; readonly results: boolean }): null;
  frame(ask: { readonly stream: number; readonly picture: Parcel; readonly time: number }): Omit<Stepped, 'result'> & {
    readonly result: Segmented | null;
    readonly bitmap: ImageBitmap | null;
  };
  close(ask: { readonly stream: number }): null;
  /** Of a canvas that the page has lost sight of. */
  forget(ask: { readonly canvas: number }): null;
  dispose(ask: Plain): null;
}

/** From the page. `callbacks`: the names of options that are functions; `aborts`: a signal may follow. */
export type ToWorker =
  | {
      readonly id: number;
      readonly call: keyof Calls;
      readonly ask: Plain;
      readonly callbacks: readonly string[];
      readonly aborts: boolean;
    }
  | { readonly id: number; readonly abort: string };

/** From the worker: first of all the name of a lock that it holds while it lives. */
export type ToPage =
  | { readonly lock: string }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: { readonly code: string | null; readonly message: string } }
  | { readonly id: number; readonly callback: string; readonly told: readonly unknown[] };
