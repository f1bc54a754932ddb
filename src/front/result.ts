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
  /** Above which the probability of a single channel is class 1; null for a network that has several. */
  readonly threshold: number | null;
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
  /**
   * Where they were asked for: softmax over the classes, or the sigmoid of a single channel, at the network's last grid: before the resize to the picture;
   * for DilatedNet the stitched grid, a cell for 8×8 pixels from the top left, for Cityscapes' network the picture itself.
   */
  readonly scores: Scores | null;
  /** Share of the picture by label, largest first; classes that do not occur are left out. */
  shares(): Record<string, number>;
  /**
   * Class and label of the pixel in column x, row y; where scores were asked for, that class's probability in the cell that the pixel lies in. Throws
   * `BAD_USAGE` outside the picture.
   */
  at(x: number, y: number): { readonly index: number; readonly label: string; readonly probability?: number };
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
      return { index, label: card.classes[index], ...(scores && { probability: probabilityOf(scores, index, x, y) }) };
    },
  };
}

/** Of a class, in the cell of a pixel. */
function probabilityOf({ data, c, h, w, cell }: Scores, index: number, x: number, y: number): number {
  const place = (at: number, size: number, cells: number): number => Math.min(Math.floor((Math.floor(at) + 0.5) / size), cells - 1);
  const pixel = place(y, cell.height, h) * w + place(x, cell.width, w);
  if (c > 1) return data[index * h * w + pixel];
  return index === 1 ? data[pixel] : 1 - data[pixel];
}

function within(place: number, size: number): boolean {
  return typeof place === 'number' && place >= 0 && place < size;
}
