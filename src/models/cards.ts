// Cards of weights that came without one.
import { type Card, imagenet } from '../weights/card.ts';
import { dilatedNets } from './dilatednet.ts';
import { defaultClasses, numbered } from './palettes.ts';

/** A DilatedNet's name is its card; with another number of classes than published they are numbered. */
export function defaultCard(model: string, classes: number): Card {
  const net = dilatedNets.get(model);
  if (!net) {
    const { labels, palette } = defaultClasses(classes);
    return { model, classes: labels, palette, preprocessing: imagenet };
  }
  const { labels, palette } = net.classes.labels.length === classes ? net.classes : numbered(classes);
  return { model, classes: labels, palette, preprocessing: net.preprocessing };
}
