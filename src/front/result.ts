// What `segment` gives.
import { AtrousError, brief } from '../errors.ts';
import type { Size } from '../image/size.ts';
import { classShares } from '../image/statistics.ts';
import type { Classified, Scores } from '../pipeline.ts';
import type { Precision } from '../shader/source.ts';
import type { Card, Colour } from '../weights/card.ts';

export interface SegmentInfo {
  readonly model: string;
  readonly adapter: string;
  readonly software: boolean;
  readonly precision: Precision;
  /** Inside the network. */
  readonly height: number;
  readonly width: number;
  /** How many of them the picture took. */
  readonly tiles: number;
  /** From pixels in memory to class map in memory, in milliseconds. */
  readonly ms: number;
}

export interface SegmentResult {
  /** One class index a pixel, height × width, rows from the top. */
  readonly classes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly labels: readonly string[];
  readonly palette: readonly Colour[];
  readonly info: SegmentInfo;
  /** Where they were asked for: softmax on the stitched grid, a cell for 8×8 pixels from the top left; for Cityscapes' network at the picture's size. */
  readonly scores: Scores | null;
  /** Share of the picture by label, largest first; classes that do not occur are left out. */
  shares(): Record<string, number>;
  /** Class and label of the pixel in column x, row y. Throws `BAD_USAGE` outside the picture. */
  at(x: number, y: number): { readonly index: number; readonly label: string };
}

export function resultOf({ classes, scores }: Classified, frame: Size, card: Card, info: SegmentInfo): SegmentResult {
  return {
    classes,
    width: frame.w,
    height: frame.h,
    labels: card.classes,
    palette: card.palette,
    info,
    scores,
    shares: () => classShares(classes, card.classes),
    at(x, y) {
      if (!(within(x, frame.w) && within(y, frame.h))) {
        throw new AtrousError(
          'BAD_USAGE',
          `at(${brief(x)}, ${brief(y)}) is outside the picture, ${frame.w} wide and ${frame.h} high`,
        );
      }
      const index = classes[Math.floor(y) * frame.w + Math.floor(x)];
      return { index, label: card.classes[index] };
    },
  };
}

function within(place: number, size: number): boolean {
  return typeof place === 'number' && place >= 0 && place < size;
}
