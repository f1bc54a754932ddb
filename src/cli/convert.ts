// Any published checkpoint → one safetensors file with its card, and the card beside it.
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { AtrousError } from '../errors.ts';
import { constantReader } from '../graph/constant.ts';
import { decodeWeights } from '../load.ts';
import { checkFolder, readBytes, resolveFrom, writeAtomic } from '../node/files.ts';
import { run as runReference } from '../reference/run.ts';
import { type Card, type Check, defaultCard, encodeRuns } from '../weights/card.ts';
import { readWeights } from '../weights/read.ts';
import { writeSafetensors } from '../weights/safetensors.ts';
import { uniform } from '../weights/seeded.ts';
import { encodeFloat16, fromFloat32, type Tensor, type Tensors, toFloat32 } from '../weights/tensor.ts';
import { type Command, onePositional, required, shared, sharedHelp } from './command.ts';
import { output } from './output.ts';
import { readCardFor } from './weights.ts';

/** Size of the self-test: 2 × 4 cells at the network's coarsest level. */
const CHECK = { h: 64, w: 128, seed: 'input', agreement: 0.99 };

export const convert: Command = {
  usage: 'convert <in.pth|in.safetensors> -o out.safetensors [-m MODEL] [--precision f16] [--card FILE]',
  about: 'a checkpoint to one safetensors file with its card',
  help: {
    ...sharedHelp,
    model: 'the network, when the card does not name it and the tensors fit several',
    output: 'safetensors to write; its card goes beside it',
    precision: 'f32 (default) or f16: half the size, 1-D tensors stay f32',
    card: 'card (JSON) to put in: classes, palette, preprocessing, licence …',
  },
  options: { model: shared.model, output: shared.output, precision: shared.precision, card: shared.card, json: shared.json },
  async run(args) {
    const out = output(args.flag('json'));
    const source = resolveFrom(onePositional('convert', args, 'checkpoint'));
    const target = resolveFrom(required(args, 'output', 'convert'));
    if (!target.endsWith('.safetensors'))
      throw new AtrousError('BAD_USAGE', `--output ${target}: the file must end in .safetensors`);
    const precision = args.text('precision') ?? 'f32';
    if (precision !== 'f32' && precision !== 'f16')
      throw new AtrousError('BAD_USAGE', `--precision ${precision}: convert writes f32 or f16`);
    await checkFolder(dirname(target));
    const bytes = await readBytes(source);
    const card = await readCardFor(source, args.text('card'));
    const { network, card: known } = await decodeWeights(bytes, source, { model: args.text('model'), card });
    const tensors = convertTensors((await readWeights(bytes, source)).tensors, precision, source);
    const complete: Card = {
      ...(card ?? (known.model === network.canonical ? known : defaultCard(network.canonical, known.classes.length))),
      model: network.canonical,
      source: { file: basename(source), sha256: sha256(bytes) },
      check: selfTest(network.build({ classes: known.classes.length, h: CHECK.h, w: CHECK.w }), tensors, known),
      file: undefined,
    };
    const written = writeSafetensors(tensors, { atrous: JSON.stringify(complete) });
    const beside: Card = { ...complete, file: { bytes: written.length, sha256: sha256(written) } };
    await writeAtomic(target, written);
    await writeAtomic(target.replace(/\.safetensors$/, '.card.json'), `${printCard(beside)}\n`);
    out.json({
      output: target,
      model: network.canonical,
      bytes: written.length,
      tensors: tensors.size,
      sha256: beside.file!.sha256,
    });
    out.text(
      `${network.canonical}, ${complete.classes.length} classes, ${tensors.size} tensors, ${(written.length / 1e6).toFixed(2)} MB → ${target}`,
    );
    return 0;
  },
};

const LARGEST_F16 = 65504;

/** Batch counters are dropped: nothing reads them. */
function convertTensors(tensors: Tensors, precision: 'f32' | 'f16', source: string): Map<string, Tensor> {
  const kept = [...tensors].filter(([name]) => !name.endsWith('.num_batches_tracked'));
  return new Map(
    kept.map(([name, tensor]): [string, Tensor] => {
      const values = toFloat32(tensor);
      const half = precision === 'f16' && tensor.shape.length > 1;
      const large = half ? values.find(value => Math.abs(value) > LARGEST_F16) : undefined;
      if (large !== undefined) {
        throw new AtrousError(
          'BAD_WEIGHTS',
          `${source}: tensor "${name}" holds ${large}, beyond ${LARGEST_F16}, the largest f16 number: leave out --precision f16`,
        );
      }
      return [name, half ? { dtype: 'F16', shape: tensor.shape, bytes: encodeFloat16(values) } : fromFloat32(tensor.shape, values)];
    }),
  );
}

/** Classes of the fixtures' seeded input by the CPU reference, from the weights as they are written. */
function selfTest(graph: Parameters<typeof runReference>[0], tensors: Tensors, { preprocessing: { mean, std } }: Card): Check {
  const { h, w, seed } = CHECK;
  const data = Float64Array.from(uniform(seed, 3 * h * w), (value, n) => {
    const channel = Math.floor(n / (h * w));
    return (value - mean[channel]) / std[channel];
  });
  const classes = runReference(graph, { c: 3, h, w, data }, constantReader(tensors, toFloat32)).get('classes')!;
  return { seed, height: h, width: w, classes: encodeRuns(Uint8Array.from(classes.data)), agreement: CHECK.agreement };
}

/** JSON that people can read: short lists stay on one line. */
function printCard(card: Card): string {
  return JSON.stringify(card, null, 2).replace(
    /\[\s+([^[\]{}]*?)\s+\]/g,
    (_list, items: string) => `[${items.replace(/\s*\n\s*/g, ' ')}]`,
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
