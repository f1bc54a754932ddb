// The shaders of a built package: `npm run build` replaces this module by one that holds every text with its reflected facts.
import { AtrousError } from '../errors.ts';
import type { ShaderLibrary } from './source.ts';

/** Null in the repository, where Node reads `shaders/` itself. */
export const embedded: ShaderLibrary | null = null as ShaderLibrary | null;

/** What a page is told that imports the repository's own files; null in a build. */
export const unembedded: (() => AtrousError) | null = () =>
  new AtrousError('BAD_SHADER', 'the shaders are not embedded: run npm run build, or import from atrous/node in Node');
