// How many channels of scores a network has, and who may ask for what.
import { AtrousError } from '../errors.ts';
import type { Network, Runnable } from './network.ts';

/** `layer` makes the scores. */
export function classifiedBy(layer: string, canonical: string): Pick<Network, 'classifier' | 'channels'> {
  const key = `${layer}.weight`;
  return {
    classifier: key,
    channels: tensors => {
      const classifier = tensors.get(key);
      if (classifier?.shape.length !== 4 || !(classifier.shape[0] > 0)) {
        throw new AtrousError(
          'BAD_WEIGHTS',
          `tensor "${key}" is ${classifier ? classifier.shape.join('×') : 'missing'}: ${canonical} needs classes×channels×1×1`,
        );
      }
      return classifier.shape[0];
    },
  };
}

/** An option of networks that have one channel, and this one has several. */
export function single(option: string, { name, end: { channels } }: Pick<Runnable, 'name' | 'end'>): AtrousError {
  const why = `its largest wins, and only a network of a single channel has a ${option}: leave it out`;
  return new AtrousError('BAD_USAGE', `${option}: ${name} has ${channels} channels of scores; ${why}`);
}
