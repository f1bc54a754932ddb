// The card of weights that came without one, and of whose network nothing else is known.
import { type Card, imagenet } from '../weights/card.ts';
import { defaultClasses } from './palettes.ts';

export function usualCard(model: string, channels: number): Card {
  const { labels, palette } = defaultClasses(channels);
  return { model, classes: labels, palette, preprocessing: imagenet };
}
