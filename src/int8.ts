// A network whose card holds int8 scales: the same network, built in codes.
import { AtrousError } from './errors.ts';
import { factsOf } from './gpu/device.ts';
import { learnLanguage } from './gpu/language.ts';
import type { Codes, Graph } from './graph/graph.ts';
import type { LoadedWeights, Runnable } from './models/network.ts';
import { prepared, toCodes } from './passes/int8.ts';
import { fromQdq } from './passes/qdq.ts';
import { fetchMatrices } from './plan/fetch.ts';
import type { Int8 } from './weights/card.ts';

/** A picture of no special size. */
const PROBE = { h: 97, w: 129 };

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
export function int8Network<N extends Runnable>(network: N, { maps, pictures }: Int8, file: string): N {
  const of = (value: string): Codes => {
    if (!Object.hasOwn(maps, value))
      throw new AtrousError(
        'BAD_WEIGHTS',
        `${file}: its card has no int8 scale for "${value}" of ${network.canonical}: convert it again`,
      );
    const [scale, zero] = maps[value];
    return { scale, zero };
  };
  const build: Runnable['build'] = options => {
    const graph = network.build(options);
    return pictures === 0 ? ownCodes(graph) : toCodes(prepared(graph), { of });
  };
  return { ...network, withValues: undefined, build };
}

/** A graph in the codes that it was quantised to by others. */
function ownCodes(quantised: Graph): Graph {
  const { graph, codes } = fromQdq(quantised);
  return toCodes(prepared(graph, [...codes.keys()]), { of: value => codes.get(value) ?? null, fixed: true });
}

/** Weights of a file that says the codes of its maps itself, in these; null where no convolution lies between such. */
export function quantisedBefore(weights: LoadedWeights, file: string): LoadedWeights | null {
  const { network, card } = weights;
  const int8: Int8 = { maps: {}, pictures: 0 };
  const made = inInt8(network, int8, file);
  const graph = made.network.build(network.inside!(PROBE, null));
  return graph.nodes.some(({ op }) => op === 'qconv') ? { ...weights, card: { ...card, int8 }, ...made } : null;
}
