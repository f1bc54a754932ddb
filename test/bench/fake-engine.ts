// An engine in a process of its own that computes nothing: `model` says how it behaves.
import { serve } from '../../bench/child.ts';
import { AtrousError } from '../../src/errors.ts';

serve(async ({ model, size, engine }) => {
  if (model === 'refuses') throw new AtrousError('LIMIT', 'no room for this one');
  if (model === 'dies') {
    console.error('the last words');
    process.exit(7);
  }
  return {
    name: engine,
    version: '1',
    on: `${size.h}x${size.w}`,
    async run(tail) {
      if (model === 'hangs') await new Promise(() => setInterval(() => {}, 1000));
      if (model === 'breaks') throw new Error(`can't run to ${tail}`);
      await new Promise(resolve => setTimeout(resolve, 30));
    },
    classes: async () => Uint8Array.of(1, 2, 3),
    end() {},
  };
});
