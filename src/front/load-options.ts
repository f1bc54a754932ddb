// What a caller may ask of `load`.
import type { Files } from '../load.ts';
import type { VariantChoice } from '../plan/choose.ts';
import type { SelfTest } from '../self-test.ts';
import type { Precision } from '../shader/source.ts';
import type { PartialCard } from '../weights/card.ts';
import type { Tensors } from '../weights/tensor.ts';
import type { Loss } from './opened.ts';
import type { Progress } from './options.ts';

/**
 * A name with weights (`regseg-camvid`), a URL, a response to one, a file, its bytes, or tensors by name; of an ONNX file with others beside it all of them by
 * name. In Node a string may also be a path.
 */
export type Source = string | URL | Response | Blob | ArrayBuffer | Uint8Array | Tensors | Files;

export interface LoadOptions {
  /** The network of weights that carry no card: `regseg`, `exp49_decoder14`, … */
  readonly model?: string;
  /** Classes, palette and preprocessing, instead of the file's own card; for an ONNX file as much of it as is known. */
  readonly card?: PartialCard;
  /** Of an ONNX file the output that is meant. Default: the first. */
  readonly outputName?: string;
  /** Which dict of a checkpoint to take, dots between nested ones: `model_ema`. Default: the one that fits a network. */
  readonly key?: string;
  /**
   * `auto`: the fastest on this kind of adapter in which the card's self-test holds; f32 where nothing was measured. A file of int8 codes runs in `int8`, which
   * is its `auto`, and no other does.
   */
  readonly precision?: Precision | 'int8' | 'auto';
  readonly variants?: VariantChoice;
  /** The caller's own device: it is neither changed nor destroyed. */
  readonly device?: GPUDevice;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Hears that the device is lost, whatever anybody is doing; what it throws is nobody's but its own. */
  readonly onLost?: (loss: Loss) => void;
  /** The folder where the files of built-in names lie, in a browser also from the page's own; default: where the package or its bundle has them. */
  readonly baseUrl?: string | URL;
  /**
   * Whether weights that come over the network are kept for the next time, and used again while they are what the server has; default: true. Where storage is
   * full or forbidden they are not, and `load` goes on without. See `cache`.
   */
  readonly cache?: boolean;
  /**
   * Whether the classes of the card's own check are looked at before anybody sees others, beside the compilation of the first size: `once` (the default) for
   * an adapter with its driver, these weights and this version, as long as `cache` keeps it; `always`; false. Where they are wrong calls throw `BAD_ADAPTER`.
   */
  readonly selfTest?: SelfTest;
  /** Frames of this size are prepared before `load` is done, so that the first of them is as fast as the next. Default: the first frame's, when it comes. */
  readonly size?: { readonly height: number; readonly width: number };
}
