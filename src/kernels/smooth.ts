// Scores averaged over frames. Shader: smooth.wgsl.
import type { Finish } from './finish.ts';

export const smooth: Finish<{ readonly quads: number; readonly share: number }> = {
  name: 'smooth',
  overrides: () => ({}),
  params: ({ quads, share }) => ({ quads, share }),
  lanes: ({ quads }) => quads,
};

/** Of a frame so many milliseconds behind the one before: after a half-life as much is left of the past as comes anew. */
export function shareOf(elapsed: number, halfLife: number): number {
  return 1 - 2 ** (-Math.abs(elapsed) / halfLife);
}
