// RegSeg (Gao, "Rethinking Dilated Convolution for Real-time Semantic Segmentation", arXiv 2111.09957) in the paper's words.
// Bodies and decoders are rows of data; names and shapes follow the published checkpoints' state dict.
import { type Builder, builder } from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';

/** Dilations of the thirteen stride-1 blocks of stage 16, a list a block: one branch a rate. */
type Dilations = readonly (readonly number[])[];

interface Body {
  /** Channels of a group of the 3×3 convolutions. */
  readonly groupWidth: number;
  /** D blocks of a stage: `[channels, …dilations of the blocks after the stride-2 one]`. */
  readonly stage4: { readonly channels: number; readonly more: Dilations };
  readonly stage8: { readonly channels: number; readonly more: Dilations };
  readonly stage16: { readonly channels: number; readonly more: Dilations; readonly last: number };
}

interface Decoder {
  /** Channels of the 1×1 heads on the features at 1/16 and 1/8 (equal, because they are summed), and at 1/4 (0: not used). */
  readonly head: number;
  readonly head4: number;
  /** The 3×3 convolution at 1/8, and the one at 1/4 behind the concat (0: none). */
  readonly conv8: number;
  readonly conv4: number;
}

const repeat = (n: number, rates: readonly number[]): Dilations => Array.from({ length: n }, () => rates);

/** The paper's body: 18 D blocks, differing in their dilations alone. */
function paper(dilations: Dilations): Body {
  return {
    groupWidth: 16,
    stage4: { channels: 48, more: [] },
    stage8: { channels: 128, more: repeat(2, [1]) },
    stage16: { channels: 256, more: dilations, last: 320 },
  };
}

const exp48: Dilations = [[1], [1, 2], ...repeat(4, [1, 4]), ...repeat(7, [1, 14])];

export const bodies: ReadonlyMap<string, Body> = new Map([
  ['exp30', paper([...repeat(5, [1, 4]), ...repeat(8, [1, 10])])],
  ['exp48', paper(exp48)],
  ['exp49', paper([[1], [1, 2], ...repeat(6, [1, 4]), ...repeat(5, [1, 6, 12, 18])])],
  [
    'exp53',
    {
      groupWidth: 24,
      stage4: { channels: 48, more: repeat(1, [1]) },
      stage8: { channels: 120, more: repeat(5, [1]) },
      stage16: { channels: 336, more: exp48, last: 384 },
    },
  ],
]);

export const decoders: ReadonlyMap<string, Decoder> = new Map([
  ['decoder14', { head: 128, head4: 0, conv8: 128, conv4: 0 }],
  ['decoder26', { head: 128, head4: 8, conv8: 64, conv4: 64 }],
  ['decoder29', { head: 256, head4: 16, conv8: 128, conv4: 128 }],
]);

export interface Options {
  readonly classes: number;
  /** Input height and width in pixels, any from 1×1. */
  readonly h: number;
  readonly w: number;
  /** Where the last resize goes; default: the input's own size. */
  readonly to?: { readonly h: number; readonly w: number };
}

/**
 * The unfused network, from the normalised picture `input` (3×h×w, RGB) to `logits` (classes×h×w, or `to`) and their `classes`.
 * Values carry the module paths of the state dict: `stem`, `body.stage16.3`, `body.stage16.3.se`, `decoder.head8`, `decoder`.
 */
export function regseg(body: string, decoder: string, { classes, h, w, to = { h, w } }: Options): Graph {
  const { stage4, stage8, stage16, groupWidth } = bodies.get(body)!;
  const b = builder(`${body}_${decoder}`, { c: 3, h, w });

  const stem = convBnAct(b, 'stem', b.input, { in: 3, out: 32, kernel: 3, stride: 2, pad: 1 });
  const x4 = stage(b, 'body.stage4', stem, 32, [[1], ...stage4.more], () => stage4.channels, groupWidth);
  const x8 = stage(b, 'body.stage8', x4, stage4.channels, [[1], ...stage8.more], () => stage8.channels, groupWidth);
  const widths = (block: number): number => (block === stage16.more.length ? stage16.last : stage16.channels);
  const x16 = stage(b, 'body.stage16', x8, stage8.channels, [[1], ...stage16.more], widths, groupWidth);
  b.alias('body', x16);

  const at = (stride: number): { h: number; w: number } => ({ h: Math.ceil(h / stride), w: Math.ceil(w / stride) });
  const y = decode(b, decoders.get(decoder)!, [x4, x8, x16], [stage4.channels, stage8.channels, stage16.last], classes, at);
  b.alias('decoder', y);
  const logits = b.resize('logits', y, to);
  return b.graph([b.argmax('classes', logits)]);
}

/** Convolution, batch norm, ReLU: the module `path` with parts `.conv` and `.bn`. */
function convBnAct(b: Builder, path: string, x: string, options: Parameters<Builder['conv']>[2]): string {
  return b.relu(path, b.batchnorm(`${path}.bn`, b.conv(`${path}.conv`, x, options), options.out));
}

/** D blocks one after another, the first with stride 2. A stage of one block is that block: its state dict has no index then. */
function stage(
  b: Builder,
  path: string,
  x: string,
  inputs: number,
  blocks: Dilations,
  width: (block: number) => number,
  groupWidth: number,
): string {
  let channels = inputs;
  let y = x;
  blocks.forEach((dilations, n) => {
    const block = blocks.length === 1 ? path : `${path}.${n}`;
    y = dBlock(b, block, y, { in: channels, out: width(n), dilations, groupWidth, stride: n === 0 ? 2 : 1 });
    channels = width(n);
  });
  if (blocks.length > 1) b.alias(path, y);
  return y;
}

interface DBlock {
  readonly in: number;
  readonly out: number;
  readonly dilations: readonly number[];
  readonly groupWidth: number;
  readonly stride: number;
}

/** The paper's figure 2: 1×1, dilated grouped 3×3 in branches, squeeze-and-excitation, 1×1, and the shortcut. */
function dBlock(b: Builder, path: string, x: string, block: DBlock): string {
  const { out, stride } = block;
  const wide = b.relu(`${path}.act1`, b.batchnorm(`${path}.bn1`, b.conv(`${path}.conv1`, x, { in: block.in, out }), out));
  const seen = b.relu(`${path}.act2`, b.batchnorm(`${path}.bn2`, branches(b, `${path}.conv2`, wide, block), out));
  // The hidden width follows the block's input, not the width that is squeezed.
  const excited = squeezeExcite(b, `${path}.se`, seen, out, Math.floor(block.in / 4));
  const narrow = b.batchnorm(`${path}.bn3`, b.conv(`${path}.conv3`, excited, { in: out, out }), out);
  let shortcut = x;
  if (stride !== 1 || block.in !== out) {
    const input = stride === 1 ? x : b.pool(`${path}.shortcut.avg`, x);
    shortcut = b.batchnorm(`${path}.shortcut.bn`, b.conv(`${path}.shortcut.conv`, input, { in: block.in, out }), out);
    b.alias(`${path}.shortcut`, shortcut);
  }
  return b.relu(path, b.add(`${path}.add`, narrow, shortcut));
}

/** One grouped 3×3 a rate on equal consecutive channels, concatenated; a single rate is a plain convolution. */
function branches(b: Builder, path: string, x: string, { out, dilations, groupWidth, stride }: DBlock): string {
  const width = out / dilations.length;
  const conv = (name: string, part: string, dilation: number): string =>
    b.conv(name, part, { in: width, out: width, kernel: 3, stride, dilation, pad: dilation, groups: width / groupWidth });
  if (dilations.length === 1) return conv(path, x, dilations[0]);
  const parts = dilations.map((dilation, n) =>
    conv(`${path}.convs.${n}`, b.slice(`${path}.split.${n}`, x, n * width, (n + 1) * width), dilation),
  );
  return b.concat(path, parts);
}

/** Hu et al., arXiv 1709.01507: a gate a channel from the mean of the map. */
function squeezeExcite(b: Builder, path: string, x: string, channels: number, hidden: number): string {
  const squeezed = b.conv(`${path}.conv1`, b.mean(`${path}.avg`, x), { in: channels, out: hidden, bias: true });
  const excited = b.conv(`${path}.conv2`, b.relu(`${path}.act1`, squeezed), { in: hidden, out: channels, bias: true });
  return b.mul(path, x, b.sigmoid(`${path}.act2`, excited));
}

/** Heads to a common width, the coarse one upsampled and summed; decoders 26 and 29 go on to 1/4. Returns the unresized logits. */
function decode(
  b: Builder,
  { head, head4, conv8, conv4 }: Decoder,
  [x4, x8, x16]: readonly string[],
  [c4, c8, c16]: readonly number[],
  classes: number,
  at: (stride: number) => { h: number; w: number },
): string {
  const coarse = convBnAct(b, 'decoder.head16', x16, { in: c16, out: head });
  const fine = convBnAct(b, 'decoder.head8', x8, { in: c8, out: head });
  const sum = b.add('decoder.sum', fine, b.resize('decoder.up16', coarse, at(8)));
  // The published decoder without a 1/4 stage calls its convolution plainly `conv`.
  const y8 = convBnAct(b, conv4 ? 'decoder.conv8' : 'decoder.conv', sum, { in: head, out: conv8, kernel: 3, pad: 1 });
  if (!conv4) return b.conv('decoder.classifier', y8, { in: conv8, out: classes, bias: true });
  const finest = convBnAct(b, 'decoder.head4', x4, { in: c4, out: head4 });
  const joined = b.concat('decoder.cat', [b.resize('decoder.up8', y8, at(4)), finest]);
  const y4 = convBnAct(b, 'decoder.conv4', joined, { in: conv8 + head4, out: conv4, kernel: 3, pad: 1 });
  return b.conv('decoder.classifier', y4, { in: conv4, out: classes, bias: true });
}
