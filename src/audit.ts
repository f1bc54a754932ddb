// The card's self-test: a seeded picture on a device, and the share of its classes that are the expected ones.
import { checkSignal } from './errors.ts';
import { TextureUsage } from './gpu/flags.ts';
import type { Size } from './image/size.ts';
import { fuse } from './passes/index.ts';
import { lowering, type Material, wholePicture } from './pipeline.ts';
import { targetOf } from './plan/choose.ts';
import { lower } from './plan/lower.ts';
import type { Plan } from './plan/plan.ts';
import type { Precision } from './shader/source.ts';
import { agreement, type Difference, firstDifference } from './weights/agreement.ts';
import type { Check } from './weights/card.ts';
import { seededPixels } from './weights/seeded.ts';

export interface Audit {
  readonly precision: Precision;
  /** Share of the self-test's pixels with the expected class, in the worst of the frames. */
  readonly agreement: number;
  /** What the card asks for. */
  readonly least: number;
  readonly passed: boolean;
  /** The worst frame, from 1 on, and the first of its pixels that is another class than it should be. */
  readonly worst: { readonly frame: number; readonly pixel: Difference | null };
}

/** The card's check, and its size, of a network that takes pictures whole; null where there is none. */
function checkOf({ card, network }: Material): { readonly check: Check; readonly size: Size } | null {
  const { check } = card;
  return check && !network.tile ? { check, size: { h: check.height, w: check.width } } : null;
}

/** The plan of the self-test, which is that of pictures of its size. Null for a card without one. Throws as `lower` does. */
export function auditPlan(material: Material): Plan | null {
  const size = checkOf(material)?.size;
  if (!size) return null;
  return lower(fuse(material.network.build(size), targetOf(material)), { ...lowering(material), stem: 'texture', frame: size });
}

/**
 * The card's self-test on a device in one precision: the seeded input as a picture in float32, so many times, and the share of equal classes. Null for a card
 * without one. Throws as `wholePicture` does, and `ABORTED`.
 */
export async function audit(material: Material, frames = 1, signal?: AbortSignal): Promise<Audit | null> {
  const { engine, card, precision } = material;
  const checked = checkOf(material);
  if (!checked) return null;
  const { size, check } = checked;
  const { device } = engine;
  const { seed, classes: expected, agreement: least } = check;
  const pipeline = await wholePicture(material, size, size, 'texture', { scores: false, matte: false, raw: [] });
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  const texture = device.createTexture({ label: 'self-test', size: [size.w, size.h], format: 'rgba32float', usage });
  try {
    checkSignal(signal);
    device.queue.writeTexture({ texture }, seededPixels(seed, size, card.preprocessing), { bytesPerRow: size.w * 16 }, [
      size.w,
      size.h,
    ]);
    const audits: Audit[] = [];
    for (let frame = 1; frame <= frames; frame++) {
      const { classes } = await pipeline.run({ kind: 'texture', texture });
      const share = agreement(classes!, expected);
      const worst = { frame, pixel: firstDifference(classes!, expected) };
      audits.push({ precision, agreement: share, least, passed: share >= least, worst });
    }
    return audits.reduce((worst, each) => (each.agreement < worst.agreement ? each : worst));
  } finally {
    texture.destroy();
    pipeline.destroy();
  }
}
