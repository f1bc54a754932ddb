// One axis of a Gaussian blur. Shader: blur.wgsl.
import type { Size } from '../image/size.ts';
import type { Finish } from './finish.ts';

export const blur: Finish<Size & { readonly deviation: number; readonly down: boolean }> = {
  name: 'blur',
  overrides: ({ down }) => ({ DOWN: down }),
  params: ({ h, w, deviation }) => ({ height: h, width: w, reach: Math.ceil(3 * deviation), deviation }),
  lanes: ({ h, w }) => h * w,
};
