// The decoders that RegSeg's were compared with.
import { convBnAct, squeezeExcite } from './blocks.ts';
import type { Decoder } from './decoder.ts';

/** Lite R-ASPP (Howard et al., arXiv 1905.02244). */
export const lraspp: Decoder = {
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
export const bisenet: Decoder = {
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
export const sfnet: Decoder = {
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
