// Checkpoints that RegSeg's author published. They are not part of the package: `atrous pull NAME` fetches one and converts it.
// Files and scores: the README of https://github.com/RolandGao/RegSeg. DilatedNet's half gigabytes are fetched by hand.
import { AtrousError } from '../errors.ts';
import type { Card } from '../weights/card.ts';
import { imagenet } from '../weights/card.ts';
import { dilatedNets } from './dilatednet.ts';
import { cityscapes } from './palettes.ts';

export interface Checkpoint {
  /** What it is called here, and the stem of its file in the cache. */
  readonly name: string;
  /** `<body>_<decoder>`. */
  readonly network: string;
  /** Under the base URL. They were published without an ending. */
  readonly file: string;
  /** Of the published file, in hex; null where nobody has recorded it yet. */
  readonly sha256: string | null;
  readonly about: string;
  /** What to know before believing a score, or null. */
  readonly warning: string | null;
  readonly card: Card;
}

/** Where the files lie, with the slash at its end. */
export const releases = 'https://github.com/RolandGao/RegSeg/releases/download/v1.0-alpha/';

/** Cityscapes' own size: its pictures stay as they are, larger ones are shrunk to the scale that the networks were trained at. */
const AREA = 1024 * 2048;

const seenVal = 'val was part of its training: a score on Cityscapes val means nothing';

function checkpoint(
  name: string,
  network: string,
  training: 'trainval' | 'train',
  run: number,
  miou: Readonly<Record<string, number>>,
): Checkpoint {
  const recipe = training === 'trainval' ? 'crops 1024×1024, bootstrapped cross-entropy' : 'crops 768×768, cross-entropy';
  const warning = training === 'trainval' ? seenVal : null;
  const epochs = `1000_epochs${training === 'trainval' ? '_1024_crop_bootstrapped' : ''}`;
  const [[split, score]] = Object.entries(miou);
  return {
    name,
    network,
    file: `cityscapes_${network}_${training}_${epochs}_run${run}`,
    sha256: null,
    about: `Cityscapes, 19 classes, trained on ${training}, mIoU ${score} (${split})`,
    warning,
    card: {
      model: network,
      classes: cityscapes.labels,
      palette: cityscapes.palette,
      preprocessing: { ...imagenet, max_area: AREA },
      licence: 'MIT (the repository that published it; Cityscapes’ pictures have their own terms)',
      training: `By RegSeg's author, run ${run}: Cityscapes ${training}, no ImageNet, 1000 epochs, ${recipe}.${warning ? ` Warning: ${warning}.` : ''}`,
      miou,
    },
  };
}

const val = (score: number): Record<string, number> => ({ 'cityscapes val, published': score });
const test = (score: number): Record<string, number> => ({ 'cityscapes test server, published': score });

const rows: readonly Checkpoint[] = [
  checkpoint('regseg-cityscapes', 'exp48_decoder26', 'trainval', 1, test(0.783)),
  checkpoint('regseg-large-cityscapes', 'exp53_decoder29', 'trainval', 1, test(0.795)),
  checkpoint('regseg-cityscapes-run1', 'exp48_decoder26', 'train', 1, val(0.7776)),
  checkpoint('regseg-cityscapes-run2', 'exp48_decoder26', 'train', 2, val(0.7885)),
  checkpoint('regseg-cityscapes-run3', 'exp48_decoder26', 'train', 3, val(0.7807)),
];

/** By name. */
export const checkpoints: ReadonlyMap<string, Checkpoint> = new Map(rows.map(row => [row.name, row]));

/** By name, or by the published file's own. Throws `BAD_USAGE` for any other, with the names there are. */
export function findCheckpoint(name: string): Checkpoint {
  const found = checkpoints.get(name) ?? rows.find(({ file }) => file === name);
  if (found) return found;
  const url = caffemodelOf(name);
  if (url) throw new AtrousError('BAD_USAGE', `"${name}" is not pulled: fetch ${url} by hand and name it with --weights`);
  const why = /ddrnet/i.test(name)
    ? 'is a DDRNet-23, which was published beside RegSeg to compare with; it is another network, and atrous has not got it'
    : 'is no published checkpoint';
  throw new AtrousError('BAD_USAGE', `"${name}" ${why}: choose ${[...checkpoints.keys()].join(', ')}`);
}

/** Where DilatedNet's authors published the weights of a network; null for any other, and for front ends, which they did not publish alone. */
export function caffemodelOf(network: string): string | null {
  return dilatedNets.get(network)?.context ? `http://dl.yf.io/dilation/models/${network}.caffemodel` : null;
}
