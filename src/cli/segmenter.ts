// A segmenter as the options ask, for every command that looks at pictures.
import type { LoadedWeights } from '../load.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { Segmenter } from '../segmenter.ts';
import type { Precision } from '../shader/source.ts';
import { type Arguments, precisionOf, variantsOf } from './command.ts';
import type { Output } from './output.ts';

export async function openSegmenter(weights: LoadedWeights, args: Arguments, out: Output): Promise<Segmenter> {
  return Segmenter.create({
    library: await shaderLibrary(),
    precision: precisionOf(args) as Precision | 'auto',
    // Of int8 codes the precision is their own.
    ...weights,
    variants: variantsOf(args),
    openDevice: async () => {
      const { device, note } = await nodeDevice({ adapter: args.text('adapter') });
      if (note) out.note(note);
      return device;
    },
    borrowed: false,
  });
}
