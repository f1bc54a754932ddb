// The blocks that RegSeg's bodies and decoders are made of, with the module paths of the published code.
import type { Builder } from '../graph/build.ts';

/** Convolution, batch norm, ReLU: the module `path` with parts `.conv` and `.bn`. */
export function convBnAct(b: Builder, path: string, x: string, options: Parameters<Builder['conv']>[2]): string {
  return b.relu(path, b.batchnorm(`${path}.bn`, b.conv(`${path}.conv`, x, options), options.out));
}

export interface DBlock {
  readonly in: number;
  readonly out: number;
  readonly dilations: readonly number[];
  readonly groupWidth: number;
  readonly stride: number;
  /** A Y block's shortcut strides in its convolution; a D block's averages 2×2 before it. */
  readonly pooled?: boolean;
}

/** The paper's figure 2 (and RegNet's Y block): 1×1, dilated grouped 3×3 in branches, squeeze-and-excitation, 1×1, and the shortcut. */
export function dBlock(b: Builder, path: string, x: string, block: DBlock): string {
  const { out, stride, pooled = true } = block;
  const wide = b.relu(`${path}.act1`, b.batchnorm(`${path}.bn1`, b.conv(`${path}.conv1`, x, { in: block.in, out }), out));
  const seen = b.relu(`${path}.act2`, b.batchnorm(`${path}.bn2`, branches(b, `${path}.conv2`, wide, block), out));
  // The hidden width follows the block's input, not the width that is squeezed.
  const excited = squeezeExcite(b, `${path}.se`, seen, out, Math.floor(block.in / 4));
  const narrow = b.batchnorm(`${path}.bn3`, b.conv(`${path}.conv3`, excited, { in: out, out }), out);
  let shortcut = x;
  if (stride !== 1 || block.in !== out) {
    const strided = { in: block.in, out, stride: pooled ? 1 : stride };
    const input = stride !== 1 && pooled ? b.pool(`${path}.shortcut.avg`, x) : x;
    shortcut = b.batchnorm(`${path}.shortcut.bn`, b.conv(`${path}.shortcut.conv`, input, strided), out);
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
export function squeezeExcite(b: Builder, path: string, x: string, channels: number, hidden: number): string {
  const squeezed = b.conv(`${path}.conv1`, b.mean(`${path}.avg`, x), { in: channels, out: hidden, bias: true });
  const excited = b.conv(`${path}.conv2`, b.relu(`${path}.act1`, squeezed), { in: hidden, out: channels, bias: true });
  return b.mul(path, x, b.sigmoid(`${path}.act2`, excited));
}
