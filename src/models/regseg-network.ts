// A RegSeg network by its body and decoder.
import type { End } from '../graph/end.ts';
import { endOptions, type Runnable } from './network.ts';
import { regseg } from './regseg.ts';

export function regsegNetwork(name: string, body: string, decoder: string, end: End): Runnable {
  return {
    name,
    canonical: `${body}_${decoder}`,
    build: options => regseg(body, decoder, { ...endOptions(end), ...options }),
    end,
    tile: null,
    grid: null,
  };
}
