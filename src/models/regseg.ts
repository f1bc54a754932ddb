// RegSeg (Gao, "Rethinking Dilated Convolution for Real-time Semantic Segmentation", arXiv 2111.09957) in the paper's words: bodies are rows
// of data, the ablation's tables included. Names and shapes follow the published checkpoints' state dict.
import { type Builder, builder } from '../graph/build.ts';
import { type End, writeClasses } from '../graph/end.ts';
import type { Graph } from '../graph/graph.ts';
import { convBnAct, dBlock } from './blocks.ts';
import { bodies } from './bodies.ts';
import { exp48, paper, type Stage } from './body.ts';
import { decoders } from './decoders.ts';

/** The body of the paper's own networks; pages that load one know no other. */
const ours = paper(exp48);

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
  const { stages, groupWidth, pooled } = body === 'exp48' ? ours : bodies[body];
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
