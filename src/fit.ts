// Tensors held to a network that is known.
import { AtrousError, describe } from './errors.ts';
import { classesOf } from './graph/decision.ts';
import { anySize, expectedTensors } from './models/expected.ts';
import type { LoadedWeights, Network } from './models/network.ts';
import { type Card, withBackground } from './weights/card.ts';
import { checkTensors } from './weights/check.ts';
import type { Listing } from './weights/find.ts';
import type { Tensor } from './weights/tensor.ts';

/** Names and shapes of what a network needs. */
type Expected = ReadonlyMap<string, readonly number[]>;
/** By network and channels of scores, as built so far: building a network takes milliseconds, and there are a hundred. */
export type Expectations = Map<string, Expected>;

export function expectedOf(network: Network, channels: number, built?: Expectations): Expected {
  const key = `${network.canonical} ${channels}`;
  const expected = built?.get(key) ?? expectedTensors(network.build({ classes: channels, ...anySize(network) }));
  built?.set(key, expected);
  return expected;
}

/** Number of tensors that a network needs, null unless they are all there. */
export function needs(network: Network, tensors: Listing, built?: Expectations): number | null {
  const [channels = 0, ...others] = tensors.get(network.classifier)?.shape ?? [];
  if (!(channels > 0 && channels <= 256) || others.length !== 3) return null;
  const { network: fitted, tensors: all }: { network: Network; tensors: Listing } = network.fit(tensors);
  // Of a DilatedNet the widths depend on the tensors.
  const expected = expectedOf(fitted, channels, network.tile ? undefined : built);
  const holds = (key: string, shape: readonly number[]): boolean =>
    !all.get(key)?.problem && all.get(key)?.shape.join() === shape.join();
  return [...expected].every(([key, shape]) => holds(key, shape)) ? expected.size : null;
}

/** Weights of a network that was found. Throws `BAD_WEIGHTS` when names, shapes, classes or the card disagree; where there is none the card is `usual`. */
export function fitTo(
  found: Network,
  there: Listing,
  name: string,
  card: Card | null,
  usual: (model: string, channels: number) => Card,
): Omit<LoadedWeights<Network>, 'assumed'> {
  const channels = inFile(name, () => found.channels(there));
  const classes = classesOf(channels);
  if (classes > 256) throw new AtrousError('BAD_WEIGHTS', `${name} has ${classes} classes, a class map holds at most 256`);
  const { network, tensors: whole } = found.fit(there, card?.activation && { activation: card.activation });
  const expected = expectedOf(network, channels);
  checkTensors(whole, expected, name);
  const tensors = new Map([...whole].filter(([each]) => expected.has(each)).map(([each, tensor]) => [each, readNow(tensor)]));
  const complete = card && channels === 1 ? withBackground(card) : card;
  if (complete && complete.classes.length !== classes) {
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name} has ${classes} classes, its card names ${complete.classes.length}: correct the card (the one given, X.card.json beside the file, or its metadata)`,
    );
  }
  if (card?.activation && channels > 1) {
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name}: its card has "activation", which is for a single channel of scores, and there are ${channels}: leave it out`,
    );
  }
  const [cut, own] = [card?.preprocessing.tile, network.tile];
  if (cut && cut.margin !== own?.margin) {
    const takes = own ? `has a margin of ${own.margin}` : 'takes pictures whole';
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name}: its card has tiles with a margin of ${cut.margin}, ${network.canonical} ${takes}: correct "preprocessing.tile", or leave it out`,
    );
  }
  return { network, tensors, card: complete ?? usual(network.canonical, channels) };
}

/** A tensor that holds its bytes, and nothing of the file's other contents. */
export function readNow(tensor: Tensor): Tensor {
  if (!Object.getOwnPropertyDescriptor(tensor, 'bytes')?.get) return tensor;
  const { dtype, shape, bytes } = tensor;
  return { dtype, shape, bytes };
}

/** A fault that the file's own contents cause is told with the file's name. */
export function inFile<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new AtrousError('BAD_WEIGHTS', `${name}: ${describe(error)}`, { cause: error });
  }
}
