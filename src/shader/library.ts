// The shaders of a built package: `npm run build` replaces this module by one that holds every text with its reflected facts.
import type { ShaderLibrary } from './source.ts';

/** Null in the repository, where Node reads `shaders/` itself. */
export const embedded: ShaderLibrary | null = null as ShaderLibrary | null;
