// What `segment` gives: plain data, so that it can be cloned and posted, with its methods on the prototype.
import type { Canvas } from '../browser/types.ts';
import { AtrousError, brief } from '../errors.ts';
import type { Size } from '../image/size.ts';
import { classShares, sharesOf } from '../image/statistics.ts';
import type { Classified, Output, Raw, Scores } from '../pipeline.ts';
import type { Precision } from '../shader/source.ts';
import type { Card, Colour } from '../weights/card.ts';
import { encodeRuns } from '../weights/runs.ts';
import type { Picture } from './sources.ts';
import type { Copy } from './taken.ts';

export interface SegmentInfo {
  readonly model: string;
  readonly adapter: string;
  readonly software: boolean;
  readonly precision: Precision | 'int8';
  /** Inside the network. */
  readonly height: number;
  readonly width: number;
  /** How many of them the picture took. */
  readonly tiles: number;
  /** Above which the probability of a single channel is class 1; null for a network that has several. */
  readonly threshold: number | null;
  /** How the picture came to the network. */
  readonly copy: Copy;
  /** From the picture to the class map in memory, in milliseconds; where only the texture was asked for, to the submit. */
  readonly ms: number;
}

type Shares = Record<string, number>;

export interface SegmentResult<O extends Output = 'classes'> {
  /** One class index a pixel, height × width, rows from the top; null where only the texture was asked for. */
  readonly classes: O extends 'texture' ? null : Uint8Array;
  /** r8uint, for TEXTURE_BINDING and COPY_SRC, on the model's device, where it was asked for: the next call of the same size writes it anew. Not cloned. */
  readonly texture: O extends 'classes' ? null : GPUTexture;
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
  /** Where it was asked for: the probability of the foreground, 0 to 255, height × width. */
  readonly matte: Uint8Array | null;
  /** By name what was asked for. */
  readonly raw: ReadonlyMap<string, Raw> | null;
  /** Share of the picture by label, largest first; classes that do not occur are left out. A promise of it where only the texture is there to be counted. */
  shares(): O extends 'texture' ? Promise<Shares> : Shares;
  /**
   * Class and label of the pixel in column x, row y; where scores were asked for, that class's probability in the cell that the pixel lies in. Throws
   * `BAD_USAGE` outside the picture.
   */
  at(x: number, y: number): { readonly index: number; readonly label: string; readonly probability?: number };
  /**
   * Draws the picture with its classes on a canvas of a page, which gets the picture's size: with WebGPU, or in 2-D where the canvas has such a context
   * already. The picture is the one that was segmented, as it is now: of a video the present frame. Throws `BAD_USAGE` for options that are none, `BAD_IMAGE`
   * where that picture is gone.
   */
  draw(canvas: Canvas, options?: DrawOptions): Promise<void>;
  /** The classes in their colours. */
  toImageData(): ImageData;
  toImageBitmap(): Promise<ImageBitmap>;
  /** An 8-bit palette PNG: pixel value = class. */
  toBlob(): Promise<Blob>;
  /** For JSON: all but the texture; classes as runs, `[class, pixels]`. */
  toJSON(): object;
}

export interface DrawOptions {
  /** Of a class's colour over the picture, 0 to 1. Default: 0.6, before a background 0. */
  readonly opacity?: number;
  /** A colour for each class. Default: the model's. */
  readonly palette?: readonly Colour[];
  /** Which are drawn, by name or index; the picture stays as it is elsewhere. Default: all. */
  readonly classes?: readonly (string | number)[];
  /** Lines along the inside of the classes' edges: true for 2 pixels in the class's own colour. `colour`: CSS. Default: none. */
  readonly outlines?: boolean | { readonly width?: number; readonly colour?: string };
  /**
   * What takes the picture's place where the classes of `classes` are not: a CSS colour, a picture that covers the frame, or the picture blurred. Without
   * `classes`, of a result with a matte: what is behind that, with its soft edges; 'transparent' cuts the foreground out.
   */
  readonly background?: string | Picture | { readonly blur: number };
}

/** What a result's methods need of the model. */
export interface Ties {
  count(texture: GPUTexture): Promise<Uint32Array>;
  draw(result: SegmentResult<Output>, canvas: Canvas, options: DrawOptions | undefined): Promise<void>;
}

const ties = new WeakMap<object, Ties>();

const methods = {
  shares(this: SegmentResult<Output>) {
    const { classes, texture, labels } = this;
    if (classes) return classShares(classes, labels);
    return ties
      .get(this)!
      .count(texture!)
      .then(pixels => sharesOf(pixels, labels));
  },
  at(this: SegmentResult<Output>, x: number, y: number) {
    const { width, height, labels, scores } = this;
    if (!(within(x, width) && within(y, height))) {
      throw new AtrousError('BAD_USAGE', `at(${brief(x)}, ${brief(y)}) is outside the picture, ${width} wide and ${height} high`);
    }
    const index = inMemory(this)[Math.floor(y) * width + Math.floor(x)];
    return { index, label: labels[index], ...(scores && { probability: probabilityOf(scores, index, x, y) }) };
  },
  async draw(this: SegmentResult<Output>, canvas: Canvas, options?: DrawOptions) {
    await ties.get(this)!.draw(this, canvas, options);
  },
  toImageData(this: SegmentResult<Output>) {
    const { width, height, palette } = this;
    const data = new Uint8ClampedArray(width * height * 4).fill(255);
    for (const [pixel, index] of inMemory(this).entries()) data.set(palette[index], pixel * 4);
    return globalThis.ImageData ? new ImageData(data, width, height) : ({ data, width, height, colorSpace: 'srgb' } as ImageData);
  },
  async toImageBitmap(this: SegmentResult<Output>) {
    return (await import('./result-pictures.ts')).bitmapOf(this);
  },
  async toBlob(this: SegmentResult<Output>) {
    return (await import('./result-pictures.ts')).blobOf(inMemory(this), this);
  },
  toJSON(this: SegmentResult<Output>) {
    const { classes, scores, matte, raw } = this;
    const listed = (value: Raw | Scores): object => ({ ...value, data: [...value.data] });
    return {
      ...this,
      classes: classes && encodeRuns(classes),
      scores: scores && listed(scores),
      matte: matte && [...matte],
      raw: raw && Object.fromEntries([...raw].map(([name, value]) => [name, listed(value)])),
    };
  },
};

export function resultOf<O extends Output>(
  { classes, texture, scores, matte, raw }: Classified,
  { h, w }: Size,
  { classes: labels, palette }: Card,
  info: SegmentInfo,
  tied: Ties,
): SegmentResult<O> {
  const data = { classes, width: w, height: h, labels, palette, info, scores, matte, raw };
  const result = Object.assign(Object.create(methods), data);
  // A texture can't be cloned, so it does not count among what is.
  Object.defineProperty(result, 'texture', { value: texture, enumerable: false });
  ties.set(result, tied);
  return result;
}

function inMemory({ classes }: SegmentResult<Output>): Uint8Array {
  if (classes) return classes;
  throw new AtrousError('BAD_USAGE', "the classes are on the device only: ask segment() for output 'both', or 'classes'");
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
