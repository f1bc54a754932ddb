// From a name to a network: `regseg`, `exp49_decoder14`, `dilation8_camvid`, or a name that also stands for weights, such as `regseg-camvid`.
import { AtrousError, brief } from '../errors.ts';
import type { End } from '../graph/end.ts';
import type { Graph } from '../graph/graph.ts';
import { bodies } from './bodies.ts';
import { classifiedBy } from './channels.ts';
import { decoders } from './decoders.ts';
import { completed, type DilatedNet, type DilatedOptions, dilatedNet, dilatedNets, widthsOf } from './dilatednet.ts';
import { expectedTensors } from './expected.ts';
import { aliases, knownRegseg } from './known-regseg.ts';
import { endOptions, type Network } from './network.ts';
import { checkpoints } from './published.ts';

export { anySize, expectedTensors } from './expected.ts';
export { aliases } from './known-regseg.ts';
export type { Network, Runnable } from './network.ts';

/** Names with weights in `weights/`: the network, and the file. */
export const published: ReadonlyMap<string, { readonly network: string; readonly file: string; readonly about: string }> = new Map([
  [
    'regseg-camvid',
    {
      network: 'exp48_decoder26',
      file: 'regseg-camvid.safetensors',
      about: 'RegSeg trained on CamVid and drawn street scenes, 11 classes',
    },
  ],
]);

/** Parts of the literature that can't be had, and why. */
const refused: ReadonlyMap<string, string> = new Map([
  ['FaPNDecoder', 'it needs modulated deformable convolutions, and neither a checkpoint nor a training log of it was released'],
  [
    'v3',
    'the dilations of the third version of the paper are known at second hand only, and neither code nor weights were released',
  ],
]);

/** Every `<body>_<decoder>`. */
export function networks(): string[] {
  return Object.keys(bodies).flatMap(body => [...decoders.keys()].map(decoder => `${body}_${decoder}`));
}

/** The network behind a name. Throws `BAD_USAGE` for an unknown one, with the names that are near. */
export function findNetwork(name: string): Network {
  const canonical = (published.get(name) ?? checkpoints.get(name))?.network ?? aliases.get(name) ?? name;
  const net = dilatedNets.get(canonical);
  if (net) return dilatedNetwork(name, net, { channels: net.classes.labels.length });
  const split = canonical.indexOf('_');
  const [body, decoder] = [canonical.slice(0, split), canonical.slice(split + 1)];
  if (split < 0 || !Object.hasOwn(bodies, body) || !decoders.has(decoder))
    throw new AtrousError('BAD_USAGE', unknownModel(name, body, decoder));
  return knownRegseg(name, body, decoder);
}

function dilatedNetwork(name: string, net: DilatedNet, end: End, fitted: Pick<DilatedOptions, 'widths'> = {}): Network {
  const classified = classifiedBy(net.grid.value, net.name);
  return {
    name,
    canonical: net.name,
    build: options => dilatedNet(net, { ...fitted, ...endOptions(end), ...options }),
    end,
    ...classified,
    publishedClasses: net.classes.labels.length,
    fit: (tensors, given) => {
      const own = { ...end, channels: classified.channels(tensors), ...given };
      return { network: dilatedNetwork(name, net, own, { widths: widthsOf(net, tensors) }), tensors: completed(net, tensors) };
    },
    scores: 'prob',
    tile: net.tile,
    grid: net.grid,
  };
}

function unknownModel(name: string, body: string, decoder: string): string {
  for (const part of [body, decoder, name.replace(/^regseg-/, '')]) {
    if (refused.has(part)) return `model "${name}": ${part} is left out on purpose: ${refused.get(part)}`;
  }
  if (/^(dilat|frontend)/i.test(name)) return `model "${name}" is not known: DilatedNet is ${[...dilatedNets.keys()].join(', ')}`;
  const known = [...published.keys(), ...aliases.keys(), 'regseg-cityscapes', [...dilatedNets.keys()][0]].join(', ');
  if (Object.hasOwn(bodies, body))
    return `model "${name}": no decoder "${decoder}"; ${body} goes with ${[...decoders.keys()].join(', ')}`;
  if (decoders.has(decoder)) return `model "${name}": no body "${body}"; ${decoder} goes with ${Object.keys(bodies).join(', ')}`;
  return `model ${brief(name)} is not known: there are ${known} and others, and <body>_<decoder>, as \`atrous models\` lists them`;
}

/** Trainable parameters, as papers count them: running means and variances are not. */
export function parameters(graph: Graph): number {
  let sum = 0;
  for (const [name, shape] of expectedTensors(graph)) {
    if (!/\.running_(mean|var)$/.test(name)) sum += shape.reduce((product, n) => product * n, 1);
  }
  return sum;
}
