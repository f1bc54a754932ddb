// A class map painted over its picture, on the CPU: for files.

import { AtrousError } from '../errors.ts';

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
