// RegSeg's decoders, the paper's own and those that it was compared with: each from features at 1/4, 1/8 and 1/16 to logits at 1/4 or 1/8.
import type { Builder } from '../graph/build.ts';
import { convBnAct, dBlock, squeezeExcite } from './blocks.ts';

/** What a body gives: a value, its channels, its height and width. */
export interface Feature {
  readonly value: string;
  readonly c: number;
  readonly h: number;
  readonly w: number;
}

export interface Features {
  readonly at4: Feature;
  readonly at8: Feature;
  readonly at16: Feature;
}

export interface Decoder {
  /** Module whose output channels are the classes. */
  readonly classifier: string;
  /** Returns the unresized logits. */
  build(b: Builder, features: Features, classes: number): string;
}

/** Decoders that bring 1/16 and 1/8 together, and perhaps 1/4 after that. */
interface Pyramid {
  /** How the two meet, and the channels of the heads before. */
  readonly meet: 'sum' | 'concat';
  readonly head16: number;
  readonly head8: number;
  /** What follows at 1/8, and its channels. */
  readonly mix: '1×1' | '3×3' | 'D block';
  readonly out: number;
  /** Heads and convolution at 1/4, concatenated with what comes from 1/8. */
  readonly at4?: { readonly head: number; readonly out: number };
}

const pyramids: Readonly<Record<string, Pyramid>> = {
  decoder4: { meet: 'concat', head16: 128, head8: 32, mix: '3×3', out: 128 },
  decoder10: { meet: 'concat', head16: 128, head8: 32, mix: 'D block', out: 128 },
  decoder12: { meet: 'sum', head16: 128, head8: 128, mix: '1×1', out: 128 },
  decoder14: { meet: 'sum', head16: 128, head8: 128, mix: '3×3', out: 128 },
  decoder26: { meet: 'sum', head16: 128, head8: 128, mix: '3×3', out: 64, at4: { head: 8, out: 64 } },
  decoder29: { meet: 'sum', head16: 256, head8: 256, mix: '3×3', out: 128, at4: { head: 16, out: 128 } },
};

function pyramid({ meet, head16, head8, mix, out, at4: finest }: Pyramid): Decoder {
  return {
    classifier: 'decoder.classifier',
    build(b, { at4, at8, at16 }, classes) {
      const coarse = b.resize('decoder.up16', convBnAct(b, 'decoder.head16', at16.value, { in: at16.c, out: head16 }), at8);
      const fine = convBnAct(b, 'decoder.head8', at8.value, { in: at8.c, out: head8 });
      const met = meet === 'sum' ? b.add('decoder.sum', fine, coarse) : b.concat('decoder.cat8', [fine, coarse]);
      const width = meet === 'sum' ? head8 : head8 + head16;
      // The published decoders without a 1/4 stage call their convolution plainly `conv`.
      const path = finest ? 'decoder.conv8' : 'decoder.conv';
      const y8 =
        mix === 'D block'
          ? dBlock(b, path, met, { in: width, out, dilations: [1], groupWidth: 16, stride: 1 })
          : convBnAct(b, path, met, mix === '3×3' ? { in: width, out, kernel: 3, pad: 1 } : { in: width, out });
      if (!finest) return b.conv('decoder.classifier', y8, { in: out, out: classes, bias: true });
      const head4 = convBnAct(b, 'decoder.head4', at4.value, { in: at4.c, out: finest.head });
      const joined = b.concat('decoder.cat', [b.resize('decoder.up8', y8, at4), head4]);
      const y4 = convBnAct(b, 'decoder.conv4', joined, { in: out + finest.head, out: finest.out, kernel: 3, pad: 1 });
      return b.conv('decoder.classifier', y4, { in: finest.out, out: classes, bias: true });
    },
  };
}

/** Lite R-ASPP (Howard et al., arXiv 1905.02244). */
const lraspp: Decoder = {
  classifier: 'decoder.low_classifier',
  build(b, { at8, at16 }, classes) {
    const width = 128;
    const scale = b.conv('decoder.scale.1', b.mean('decoder.scale.0', at16.value), { in: at16.c, out: width });
    const wide = convBnAct(b, 'decoder.cbr', at16.value, { in: at16.c, out: width });
    const up = b.resize('decoder.up16', b.mul('decoder.scaled', wide, b.sigmoid('decoder.scale', scale)), at8);
    const high = b.conv('decoder.high_classifier', up, { in: width, out: classes, bias: true });
    const low = b.conv('decoder.low_classifier', at8.value, { in: at8.c, out: classes, bias: true });
    return b.add('decoder.sum', low, high);
  },
};

/** BiSeNet's attention refinement and feature fusion (Yu et al., arXiv 1808.00897). */
const bisenet: Decoder = {
  classifier: 'decoder.classifier',
  build(b, { at8, at16 }, classes) {
    const width = 128;
    const wide = { in: width, out: width };
    const arm = convBnAct(b, 'decoder.arm16.conv', at16.value, { in: at16.c, out: width, kernel: 3, pad: 1 });
    const attention = b.batchnorm(
      'decoder.arm16.scale.2',
      b.conv('decoder.arm16.scale.1', b.mean('decoder.arm16.scale.0', arm), wide),
      width,
    );
    const refined = b.mul('decoder.arm16', arm, b.sigmoid('decoder.arm16.scale', attention));
    const average = convBnAct(b, 'decoder.conv_avg', b.mean('decoder.avg', at16.value), { in: at16.c, out: width });
    // One pixel resized is that pixel everywhere.
    const context = b.add('decoder.context', refined, b.resize('decoder.spread', average, at16));
    const up = b.resize('decoder.up16', context, at8, 'nearest');
    const joined = b.concat('decoder.ffm.cat', [
      at8.value,
      convBnAct(b, 'decoder.conv_head16', up, { ...wide, kernel: 3, pad: 1 }),
    ]);
    const mixed = convBnAct(b, 'decoder.ffm.conv', joined, { in: at8.c + width, out: width });
    const fused = b.add('decoder.ffm', squeezeExcite(b, 'decoder.ffm.se', mixed, width, 32), mixed);
    const y8 = convBnAct(b, 'decoder.conv', fused, { ...wide, kernel: 3, pad: 1 });
    return b.conv('decoder.classifier', y8, { in: width, out: classes, bias: true });
  },
};

/** SFNet's pyramid pooling and flow alignment (Li et al., arXiv 2002.10120), at width 64. */
const sfnet: Decoder = {
  classifier: 'decoder.conv_last.1',
  build(b, { at8, at16 }, classes) {
    const width = 64;
    const pooled = [1, 2, 3, 6].map((bins, n) => {
      const path = `decoder.head16.stages.${n}`;
      const small = b.conv(`${path}.1.conv`, b.adaptive(`${path}.0`, at16.value, bins), { in: at16.c, out: width });
      return b.resize(`${path}.up`, b.batchnorm(`${path}.1.bn`, small, width), at16);
    });
    const cat = b.concat('decoder.head16.cat', [at16.value, ...pooled]);
    const high = convBnAct(b, 'decoder.head16.bottleneck', cat, { in: at16.c + 4 * width, out: width });
    const low = convBnAct(b, 'decoder.head8', at8.value, { in: at8.c, out: width });
    const downHigh = b.conv('decoder.fpn_align.down_h', high, { in: width, out: width / 2 });
    const downLow = b.conv('decoder.fpn_align.down_l', low, { in: width, out: width / 2 });
    const both = b.concat('decoder.fpn_align.cat', [b.resize('decoder.fpn_align.up', downHigh, at8), downLow]);
    const flow = b.conv('decoder.fpn_align.flow_make', both, { in: width, out: 2, kernel: 3, pad: 1 });
    const sum = b.add('decoder.sum', low, b.warp('decoder.fpn_align', high, flow));
    const fused = convBnAct(b, 'decoder.conv', sum, { in: width, out: width, kernel: 3, pad: 1 });
    const last = b.concat('decoder.cat', [fused, b.resize('decoder.up16', high, at8, 'corners')]);
    const y8 = convBnAct(b, 'decoder.conv_last.0', last, { in: 2 * width, out: width, kernel: 3, pad: 1 });
    return b.conv('decoder.conv_last.1', y8, { in: width, out: classes, bias: true });
  },
};

export const decoders: ReadonlyMap<string, Decoder> = new Map([
  ...Object.entries(pyramids).map(([name, rows]): [string, Decoder] => [name, pyramid(rows)]),
  ['lraspp', lraspp],
  ['BisenetDecoder', bisenet],
  ['SFNetDecoder', sfnet],
]);
