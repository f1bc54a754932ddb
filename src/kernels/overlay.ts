// A class map over its picture. Shader: overlay.wgsl.
import type { Look } from '../image/look.ts';
import type { Size } from '../image/size.ts';
import type { Finish } from './finish.ts';

const BACKGROUNDS = { none: 0, colour: 1, picture: 2, blur: 2 };

const unit = (colour: readonly number[]): number[] => colour.map(channel => channel / 255);

export const overlay: Finish<Size & { readonly look: Look }> = {
  name: 'overlay',
  overrides: ({ look: { background, matte = false } }) => ({ BACKGROUND: BACKGROUNDS[background.kind], MATTE: matte }),
  params: ({ h, w, look: { opacity, outline, background } }) => ({
    height: h,
    width: w,
    reach: outline?.width ?? 0,
    opacity,
    own_outline: Number(outline !== null && outline.colour === null),
    outline: [...unit(outline?.colour ?? [0, 0, 0]), 1],
    background: unit(background.kind === 'colour' ? background.colour : [0, 0, 0, 0]),
  }),
  lanes: ({ h, w }) => h * w,
};

/** What the shader reads as `palette`: red, green, blue of every class, and 1 where it is chosen. */
export function packPalette({ palette, chosen }: Look): Float32Array<ArrayBuffer> {
  const packed = new Float32Array(256 * 4);
  for (const [index, colour] of palette.entries()) packed.set([...unit(colour), Number(chosen[index])], index * 4);
  return packed;
}
