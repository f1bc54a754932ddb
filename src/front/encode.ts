// Into an encoder of the caller's own: what a model does on a device that it was given.
import * as checks from '../check.ts';
import { AtrousError } from '../errors.ts';
import { TextureUsage } from '../gpu/flags.ts';
import type { Size } from '../image/size.ts';
import type { Plan } from '../plan/plan.ts';
import type { Sizes } from './sizes.ts';
import { checkTexture } from './textures.ts';

/** See `Segmenter.encode`. */
export function encode(
  sizes: Sizes,
  encoder: GPUCommandEncoder,
  texture: GPUTexture,
  into: GPUTexture | undefined,
): { readonly map: GPUTexture; readonly plan: Plan } {
  checks.guarded('encoder', () => checks.encoder(encoder, 'encoder'));
  checks.guarded('texture', () => checks.texture(texture, 'texture'));
  if (into !== undefined) checks.guarded('into', () => checks.texture(into, 'into'));
  checkTexture(texture);
  const { height: h, width: w } = texture;
  if (into) checkMap(into, { h, w });
  const pipeline = sizes.ready({ h, w });
  if (!pipeline)
    throw new AtrousError(
      'NOT_PREPARED',
      `no frames of ${h}×${w} are prepared: await model.prepare({ height: ${h}, width: ${w} })`,
    );
  return { map: pipeline.encode(encoder, texture, { into }), plan: pipeline.plan };
}

/** Throws `BAD_IMAGE` for a texture that can't be given a class map. */
function checkMap({ format, width, height, usage }: GPUTexture, { h, w }: Size): void {
  const is = `is ${format}, ${height}×${width}`;
  if (format !== 'r8uint' || width !== w || height !== h)
    throw new AtrousError('BAD_IMAGE', `the texture to write into ${is}: it must be r8uint, ${h}×${w}`);
  if (!(usage & TextureUsage.COPY_DST))
    throw new AtrousError('BAD_IMAGE', 'the texture to write into lacks the usage COPY_DST: give it when you create the texture');
}
