// Pixels of each class. Shader: shares.wgsl; its twin is src/image/statistics.ts.
import type { Size } from '../image/size.ts';
import type { Finish } from './finish.ts';

/** Pixels of a row that a lane counts. */
const RUN = 64;

export const shares: Finish<Size> = {
  name: 'shares',
  overrides: () => ({}),
  params: ({ h, w }) => ({ height: h, width: w, runs: Math.ceil(w / RUN) }),
  lanes: ({ h, w }) => h * Math.ceil(w / RUN),
};
