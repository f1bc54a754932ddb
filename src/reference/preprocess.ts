// Truth for the network's beginning: a picture to normalised channels, resized with an antialiasing triangle filter if asked.
import { windows } from '../image/windows.ts';
import { type Field, field } from './field.ts';

export interface Pixels {
  /** RGBA, eight bits a channel, rows from the top. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export interface Normalisation {
  /** Red, green, blue, of values in [0, 1]. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Order of the result's channels. */
  readonly channels: 'rgb' | 'bgr';
}

/** Where a tile lies in the picture with its margin, in pixels. */
export interface Tile {
  readonly margin: number;
  readonly top: number;
  readonly left: number;
}

/** Channel of the picture behind channel c of the result. */
const colourOf = (c: number, { channels }: Normalisation): number => (channels === 'bgr' ? 2 - c : c);

/** y[c] = (resize(picture)[c]/255 − mean[c]) / std[c], 3×h×w. */
export function preprocess(pixels: Pixels, size: { readonly h: number; readonly w: number }, normalisation: Normalisation): Field {
  const { h, w } = size;
  const { mean, std } = normalisation;
  const y = field({ c: 3, h, w });
  const rows = windows(pixels.height, h);
  const columns = windows(pixels.width, w);
  for (let c = 0; c < 3; c++) {
    const colour = colourOf(c, normalisation);
    for (let v = 0; v < h; v++) {
      for (let u = 0; u < w; u++) {
        let sum = 0;
        rows[v].weights.forEach((wy, n) => {
          const row = (rows[v].first + n) * pixels.width;
          columns[u].weights.forEach((wx, m) => {
            sum += wy * wx * pixels.data[(row + columns[u].first + m) * 4 + colour];
          });
        });
        y.data[(c * h + v) * w + u] = (sum / 255 - mean[colour]) / std[colour];
      }
    }
  }
  return y;
}

/**
 * A tile as the published prediction cuts it (fyu/dilation, predict.py): the picture with a margin of its reflection on all sides, h×w of that from
 * (top, left) on, and what overhangs continued by the reflection of what was cut. Reflections don't repeat the edge (OpenCV's REFLECT_101).
 */
export function tile(
  { data, width, height }: Pixels,
  { h, w }: { readonly h: number; readonly w: number },
  normalisation: Normalisation,
  { margin, top, left }: Tile,
): Field {
  const { mean, std } = normalisation;
  const y = field({ c: 3, h, w });
  const source = (index: number, start: number, size: number, whole: number): number => {
    const cut = reflected(index, Math.min(size, whole + 2 * margin - start));
    return reflected(cut + start - margin, whole);
  };
  for (let c = 0; c < 3; c++) {
    const colour = colourOf(c, normalisation);
    for (let v = 0; v < h; v++) {
      const row = source(v, top, h, height) * width;
      for (let u = 0; u < w; u++) {
        const value = data[(row + source(u, left, w, width)) * 4 + colour];
        y.data[(c * h + v) * w + u] = (value / 255 - mean[colour]) / std[colour];
      }
    }
  }
  return y;
}

/** 0 … size − 1 there and back again, without repeating the ends. */
export function reflected(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * size - 2;
  const within = Math.abs(index) % period;
  return Math.min(within, period - within);
}
