// Cards of weights that came without one.
import type { Card } from '../weights/card.ts';
import { dilatedNets } from './dilatednet.ts';
import { unnamed } from './palettes.ts';
import { usualCard } from './usual-card.ts';

/** A DilatedNet's name is its card; with another number of channels than published its classes are numbered, or a foreground and its background. */
export function defaultCard(model: string, channels: number): Card {
  const net = dilatedNets.get(model);
  if (!net) return usualCard(model, channels);
  const { labels, palette } = net.classes.labels.length === channels ? net.classes : unnamed(channels);
  return { model, classes: labels, palette, preprocessing: net.preprocessing };
}
