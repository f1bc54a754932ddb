// Truth for the first convolution that reads the frame itself: what `preprocess` makes of it, then the convolution.
import { type ConvOptions, conv } from './conv.ts';
import type { Field } from './field.ts';
import { type Normalisation, type Pixels, preprocess } from './preprocess.ts';

/** The padding is zero in the normalised picture, so a colour outside the frame is the mean. */
export function stem(pixels: Pixels, normalisation: Normalisation, options: ConvOptions): Field {
  return conv(preprocess(pixels, { h: pixels.height, w: pixels.width }, normalisation), options);
}
