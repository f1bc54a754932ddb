// A class map painted over its picture on the CPU: for files, for canvases without WebGPU, and as the slow twin of shaders/overlay.wgsl.

import { AtrousError } from '../errors.ts';
import { blur } from './blur.ts';

/** Red, green, blue of every class, 0 to 255. */
export type Palette = readonly (readonly [number, number, number])[];

/**
 * RGBA h×w from a picture (RGBA h×w) and its classes (h×w): colour = palette × opacity + picture × (1 − opacity), rounded; alpha is 255.
 * Errors: BAD_USAGE for sizes that disagree, an opacity outside 0 to 1, a class without a colour.
 */
export function overlay(
  rgba: Uint8ClampedArray | Uint8Array,
  classes: Uint8Array,
  palette: Palette,
  opacity = 0.6,
): Uint8ClampedArray<ArrayBuffer> {
  if (rgba.length !== classes.length * 4) {
    throw new AtrousError(
      'BAD_USAGE',
      `overlay: the picture has ${rgba.length / 4} pixels and the class map ${classes.length}: give both one size`,
    );
  }
  if (!(opacity >= 0 && opacity <= 1))
    throw new AtrousError('BAD_USAGE', `overlay: opacity is ${opacity}: give a number from 0 to 1`);
  const out = new Uint8ClampedArray(rgba.length);
  const paint = palette.map(colour => colour.map(channel => channel * opacity));
  for (let i = 0, at = 0; i < classes.length; i++, at += 4) {
    const colour = paint[classes[i]];
    if (!colour)
      throw new AtrousError(
        'BAD_USAGE',
        `overlay: pixel ${i} is class ${classes[i]} and the palette has ${palette.length} colours`,
      );
    out[at] = colour[0] + rgba[at] * (1 - opacity);
    out[at + 1] = colour[1] + rgba[at + 1] * (1 - opacity);
    out[at + 2] = colour[2] + rgba[at + 2] * (1 - opacity);
    out[at + 3] = 255;
  }
  return out;
}

/** RGBA, eight bits a channel, alpha apart. */
interface Rgba {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** How a class map is shown. */
export interface Look {
  readonly palette: Palette;
  /** By class. Others show the picture as it is, or the background. */
  readonly chosen: readonly boolean[];
  /** Of a class's colour over the picture, 0 to 1. */
  readonly opacity: number;
  /** Pixels of a chosen class with another class up to `width` pixels away, along both axes; colour: null: the class's own. */
  readonly outline: { readonly width: number; readonly colour: readonly [number, number, number] | null } | null;
  /** What stands behind the chosen classes: the picture, a colour with alpha, another picture that covers this one, or this one blurred. */
  readonly background:
    | { readonly kind: 'none' }
    | { readonly kind: 'colour'; readonly colour: readonly [number, number, number, number] }
    | { readonly kind: 'picture' }
    | { readonly kind: 'blur'; readonly deviation: number };
}

/** RGBA h×w, alpha apart. `behind` is the background's picture. */
export function compose(picture: Rgba, classes: Uint8Array, look: Look, behind: Rgba | null): Uint8ClampedArray<ArrayBuffer> {
  const { data, width, height } = picture;
  const { palette, chosen, opacity, outline, background } = look;
  const clear = background.kind === 'colour' ? background.colour : null;
  const other = background.kind === 'blur' ? { ...picture, data: blur(data, width, height, background.deviation) } : behind;
  const key = (x: number, y: number): number => {
    const index = classes[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)];
    return chosen[index] ? index : 256;
  };
  const outlined = (x: number, y: number, own: number, reach: number): boolean => {
    for (let v = y - reach; v <= y + reach; v++) for (let u = x - reach; u <= x + reach; u++) if (key(u, v) !== own) return true;
    return false;
  };
  const out = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const own = key(x, y);
      let pixel: readonly number[] = [data[at], data[at + 1], data[at + 2], 255];
      if (own < 256) {
        const colour = palette[own];
        const line = outline !== null && outlined(x, y, own, outline.width);
        const over = line ? (outline.colour ?? colour) : colour;
        const share = line ? 1 : opacity;
        pixel = [...over.map((channel, c) => channel * share + data[at + c] * (1 - share)), 255];
      } else if (clear) pixel = clear;
      else if (other) pixel = covering(other, x, y, width, height);
      out.set(pixel, at);
    }
  }
  return out;
}

/** Bilinear, clamped at the border: the picture is scaled until it covers width×height, and centred. */
function covering({ data, width, height }: Rgba, x: number, y: number, w: number, h: number): number[] {
  const scale = Math.max(w / width, h / height);
  const u = (x + 0.5 - w / 2) / scale + width / 2 - 0.5;
  const v = (y + 0.5 - h / 2) / scale + height / 2 - 0.5;
  const [left, top] = [Math.floor(u), Math.floor(v)];
  const [s, t] = [u - left, v - top];
  const clamp = (n: number, size: number): number => Math.min(Math.max(n, 0), size - 1);
  const at = (dx: number, dy: number, c: number): number =>
    data[(clamp(top + dy, height) * width + clamp(left + dx, width)) * 4 + c];
  return [0, 1, 2, 3].map(c =>
    c === 3 ? 255 : (at(0, 0, c) * (1 - s) + at(1, 0, c) * s) * (1 - t) + (at(0, 1, c) * (1 - s) + at(1, 1, c) * s) * t,
  );
}
