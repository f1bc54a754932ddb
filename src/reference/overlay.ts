// Truth for a class map drawn over its picture.
import type { Look } from '../image/look.ts';
import { blur } from './blur.ts';

/** RGBA, eight bits a channel, alpha apart. */
interface Rgba {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** RGBA h×w, alpha apart. `behind` is the background's picture. */
export function overlay(picture: Rgba, classes: Uint8Array, look: Look, behind: Rgba | null): Uint8ClampedArray<ArrayBuffer> {
  const { data, width, height } = picture;
  const { palette, chosen, opacity, outline, background, matte = false } = look;
  const clear = background.kind === 'colour' ? background.colour : null;
  const blurred = background.kind === 'blur' ? { ...picture, data: blur(data, width, height, background.deviation) } : null;
  const other = background.kind === 'picture' ? behind : blurred;
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
      if (matte) {
        const share = classes[y * width + x] / 255;
        const back = clear ?? (other ? covering(other, x, y, width, height) : pixel);
        const tinted = [...palette[1].map((channel, c) => channel * opacity + data[at + c] * (1 - opacity)), 255];
        pixel = tinted.map((channel, c) => channel * share + back[c] * (1 - share));
      } else if (own < 256) {
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
