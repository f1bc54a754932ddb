// What a page lends to a model: its pictures and its canvases.
import type { Canvas, StreamSource } from '../browser/types.ts';
import type { Finisher } from '../gpu/finish.ts';
import type { Output } from '../pipeline.ts';
import type { Lender, Stream, StreamOptions } from './live.ts';
import type { DrawOptions, SegmentResult } from './result.ts';
import type { TakePicture, Taker } from './taken.ts';

export interface Page {
  readonly take: TakePicture;
  /** What takes them is there: with it a size is prepared. */
  ready(): Promise<void>;
  /** `source`: the picture that was segmented. */
  draw(
    result: SegmentResult<Output>,
    source: unknown,
    canvas: Canvas,
    options: DrawOptions | undefined,
    on: Taker & { readonly finisher: Finisher },
  ): Promise<void>;
  /** `over` is called when all is given back. */
  stream(lender: Lender, source: StreamSource, canvas: Canvas, options: StreamOptions | undefined, over: () => void): Stream;
}
