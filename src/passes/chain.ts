// gated 1×1 conv → 1×1 conv, and shortcuts that read the first one's map pooled  ⇒  both in one step, which stores of that map the means alone.
import { chains } from '../graph/chain.ts';
import type { Pass } from './pass.ts';

export const chain: Pass = {
  name: 'chain',
  why: 'at fine resolutions a map costs more to store and read again than to make: what a workgroup keeps of it is multiplied at once',
  needs: { barriers: true },
  apply: chains.apply,
};
