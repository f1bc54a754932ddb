// RegSeg's decoders, the paper's own and those that it was compared with: each from features at 1/4, 1/8 and 1/16 to logits at 1/4 or 1/8.
import { convBnAct, dBlock } from './blocks.ts';
import type { Decoder } from './decoder.ts';
import { bisenet, lraspp, sfnet } from './other-decoders.ts';

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

export const decoders: ReadonlyMap<string, Decoder> = new Map([
  ...Object.entries(pyramids).map(([name, rows]): [string, Decoder] => [name, pyramid(rows)]),
  ['lraspp', lraspp],
  ['BisenetDecoder', bisenet],
  ['SFNetDecoder', sfnet],
]);
