// How a class map is shown over its picture.
import type { Palette } from './overlay.ts';

/** Of colours over the picture, unless another is asked for. */
export const OPACITY = 0.6;

/** How a class map is shown. */
export interface Look {
  readonly palette: Palette;
  /** By class. Others show the picture as it is, or the background. */
  readonly chosen: readonly boolean[];
  /** Of a class's colour over the picture, 0 to 1. */
  readonly opacity: number;
  /** Pixels of a chosen class with another class up to `width` pixels away, along both axes; colour: null: the class's own. */
  readonly outline: { readonly width: number; readonly colour: readonly [number, number, number] | null } | null;
  /** Drawn by a matte in the place of the class map: of class 1 as much as its bytes say, the background behind it. */
  readonly matte?: boolean;
  /** What stands behind the chosen classes: the picture, a colour with alpha, another picture that covers this one, or this one blurred. */
  readonly background:
    | { readonly kind: 'none' }
    | { readonly kind: 'colour'; readonly colour: readonly [number, number, number, number] }
    | { readonly kind: 'picture' }
    | { readonly kind: 'blur'; readonly deviation: number };
}
