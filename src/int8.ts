// A network whose card holds int8 scales: the same network, built in codes.
import { AtrousError } from './errors.ts';
import { factsOf } from './gpu/device.ts';
import { learnLanguage } from './gpu/language.ts';
import type { Codes } from './graph/graph.ts';
import type { LoadedWeights, Runnable } from './models/network.ts';
import { prepared, toCodes } from './passes/int8.ts';
import { fetchMatrices } from './plan/fetch.ts';
import type { Int8 } from './weights/card.ts';

/** What loaded weights of codes have in place of, and beside, what others have. */
export function inInt8<N extends Runnable>(
  network: N,
  int8: Int8,
  file: string,
): Pick<LoadedWeights<N>, 'network' | 'precision' | 'stated' | 'learn'> {
  return { network: int8Network(network, int8, file), precision: 'f32', stated: 'int8', learn };
}

/** Numbers beside codes are in float32, for which nobody fetches rows by matrices: codes have some. */
async function learn(device: GPUDevice): Promise<void> {
  await learnLanguage(device);
  if (factsOf(device).matrices.length > 0) await fetchMatrices();
}

/** Its graphs are in codes. Building one throws `BAD_WEIGHTS` for a map that the card has no scale for. */
export function int8Network<N extends Runnable>(network: N, { maps }: Int8, file: string): N {
  const codesOf = (value: string): Codes => {
    if (!Object.hasOwn(maps, value))
      throw new AtrousError(
        'BAD_WEIGHTS',
        `${file}: its card has no int8 scale for "${value}" of ${network.canonical}: convert it again`,
      );
    const [scale, zero] = maps[value];
    return { scale, zero };
  };
  return { ...network, withValues: undefined, build: options => toCodes(prepared(network.build(options)), codesOf) };
}
