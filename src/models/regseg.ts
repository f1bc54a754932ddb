// RegSeg (Gao, "Rethinking Dilated Convolution for Real-time Semantic Segmentation", arXiv 2111.09957) in the paper's words: bodies are rows
// of data, the ablation's tables included. Names and shapes follow the published checkpoints' state dict.
import { type Builder, builder } from '../graph/build.ts';
import { type End, writeClasses } from '../graph/end.ts';
import type { Graph } from '../graph/graph.ts';
import { convBnAct, dBlock } from './blocks.ts';
import { decoders } from './decoders.ts';

/** Dilations of a row of blocks, a list a block: one branch a rate. */
type Dilations = readonly (readonly number[])[];

/** Blocks of one resolution: the first strides (by 2 unless said), all have `channels` outputs but perhaps the last. */
interface Stage {
  readonly name: string;
  readonly channels: number;
  readonly last?: number;
  readonly stride?: number;
  readonly dilations: Dilations;
}

interface Body {
  /** Channels of a group of the 3×3 convolutions. */
  readonly groupWidth: number;
  /** Whether strided shortcuts average before they convolve: D blocks do, RegNet's Y blocks do not. */
  readonly pooled: boolean;
  readonly stages: readonly Stage[];
}

const repeat = (n: number, rates: readonly number[]): Dilations => Array.from({ length: n }, () => rates);

/** The paper's body: 18 D blocks that differ in the dilations of the last thirteen alone. */
function paper(dilations: Dilations): Body {
  return {
    groupWidth: 16,
    pooled: true,
    stages: [
      { name: 'stage4', channels: 48, dilations: [[1]] },
      { name: 'stage8', channels: 128, dilations: repeat(3, [1]) },
      { name: 'stage16', channels: 256, last: 320, dilations: [[1], ...dilations] },
    ],
  };
}

const exp48: Dilations = [[1], [1, 2], ...repeat(4, [1, 4]), ...repeat(7, [1, 14])];
const upTo10: Dilations = [[1], [1, 2], [1, 4], [1, 6], [1, 8], [1, 10]];

export const bodies: ReadonlyMap<string, Body> = new Map([
  ['exp30', paper([...repeat(5, [1, 4]), ...repeat(8, [1, 10])])],
  ['exp43', paper([...upTo10, ...repeat(7, [1, 12])])],
  ['exp46', paper([...upTo10.slice(0, 5), ...repeat(8, [1, 10])])],
  ['exp47', paper([...upTo10, [1, 12], ...repeat(6, [1, 14])])],
  ['exp48', paper(exp48)],
  ['exp49', paper([[1], [1, 2], ...repeat(6, [1, 4]), ...repeat(5, [1, 6, 12, 18])])],
  ['exp50', paper([...upTo10, ...repeat(7, [1, 3, 6, 12])])],
  ['exp51', paper([...upTo10, ...repeat(7, [1, 4, 8, 12])])],
  ['exp52', paper([...upTo10.slice(0, 3), ...repeat(10, [1, 6])])],
  [
    'exp53',
    {
      groupWidth: 24,
      pooled: true,
      stages: [
        { name: 'stage4', channels: 48, dilations: repeat(2, [1]) },
        { name: 'stage8', channels: 120, dilations: repeat(6, [1]) },
        { name: 'stage16', channels: 336, last: 384, dilations: [[1], ...exp48] },
      ],
    },
  ],
  [
    'regnety600mf',
    {
      groupWidth: 16,
      pooled: false,
      stages: [
        { name: 'stage4', channels: 48, dilations: [[1]] },
        { name: 'stage8', channels: 112, dilations: repeat(3, [1]) },
        { name: 'stage16', channels: 256, dilations: repeat(7, [1]) },
        // Kept at 1/16 by a stride of 1, and read as the features at 1/16.
        { name: 'stage32', channels: 608, stride: 1, dilations: [[1], ...repeat(3, [2])] },
      ],
    },
  ],
]);

export interface Options extends Omit<End, 'channels'> {
  /** Channels of the scores, one a class; a single one is the probability of a class beside the background. */
  readonly classes: number;
  /** Input height and width in pixels, any from 1×1. */
  readonly h: number;
  readonly w: number;
  /** Where the last resize goes; default: the input's own size. */
  readonly to?: { readonly h: number; readonly w: number };
}

/**
 * The unfused network, from the normalised picture `input` (3×h×w, RGB) to `logits` (classes×h×w, or `to`) and their `classes`; between them `prob`,
 * where there is one channel and it is no probability.
 * Values carry the module paths of the state dict: `stem`, `body.stage16.3`, `body.stage16.3.se`, `decoder.head8`, `decoder`.
 */
export function regseg(body: string, decoder: string, { classes, h, w, to = { h, w }, ...end }: Options): Graph {
  const { stages, groupWidth, pooled } = bodies.get(body)!;
  const b = builder(`${body}_${decoder}`, { c: 3, h, w });
  const at = (stride: number): { h: number; w: number } => ({ h: Math.ceil(h / stride), w: Math.ceil(w / stride) });

  let x = convBnAct(b, 'stem', b.input, { in: 3, out: 32, kernel: 3, stride: 2, pad: 1 });
  let c = 32;
  const outputs = stages.map(rows => {
    x = stage(b, rows, x, c, groupWidth, pooled);
    c = rows.last ?? rows.channels;
    return { value: x, c };
  });
  b.alias('body', x);
  const [at4, at8] = outputs;
  const features = { at4: { ...at4, ...at(4) }, at8: { ...at8, ...at(8) }, at16: { ...outputs.at(-1)!, ...at(16) } };
  const y = decoders.get(decoder)!.build(b, features, classes);
  b.alias('decoder', y);
  return b.graph([writeClasses(b, b.resize('logits', y, to), { ...end, channels: classes })]);
}

/** A stage of one block is that block: its state dict has no index then. */
function stage(
  b: Builder,
  { name, channels, last = channels, stride = 2, dilations }: Stage,
  x: string,
  inputs: number,
  groupWidth: number,
  pooled: boolean,
): string {
  const path = `body.${name}`;
  let y = x;
  let c = inputs;
  for (const [n, rates] of dilations.entries()) {
    const out = n === dilations.length - 1 ? last : channels;
    const block = dilations.length === 1 ? path : `${path}.${n}`;
    y = dBlock(b, block, y, { in: c, out, dilations: rates, groupWidth, stride: n === 0 ? stride : 1, pooled });
    c = out;
  }
  if (dilations.length > 1) b.alias(path, y);
  return y;
}
