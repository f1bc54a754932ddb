// A published checkpoint → the bytes of one safetensors file with its card: what `convert` and `pull` share. Pure; who calls writes.
import { AtrousError } from './errors.ts';
import { constantReader } from './graph/constant.ts';
import { decodeWeights, registered } from './load.ts';
import { defaultCard } from './models/cards.ts';
import type { Network } from './models/registry.ts';
import { run as runReference } from './reference/run.ts';
import type { Card, Check } from './weights/card.ts';
import { encodeRuns } from './weights/runs.ts';
import { writeSafetensors } from './weights/safetensors.ts';
import { seededInput } from './weights/seeded.ts';
import { encodeFloat16, fromFloat32, type Tensor, type Tensors, toFloat32 } from './weights/tensor.ts';

/** Size of the self-test: 2 × 4 cells at the network's coarsest level. */
const CHECK = { h: 64, w: 128, seed: 'input', agreement: 0.99 };

export interface ConvertOptions {
  /** The network, where neither the card nor the tensors tell. */
  readonly model?: string;
  /** Instead of the file's own. */
  readonly card?: Card;
  /** As `load` takes it. */
  readonly key?: string;
  /** f16: half the size; 1-D tensors stay f32. */
  readonly precision?: 'f32' | 'f16';
  /** Where the bytes came from. */
  readonly source: NonNullable<Card['source']>;
}

export interface Converted {
  readonly network: Network;
  /** As it is in the file. */
  readonly card: Card;
  /** How many. */
  readonly tensors: number;
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** Why this network, where neither the caller nor a card said so. */
  readonly assumed: string | null;
}

/** Reads, checks against the network, and writes anew; `name` is for messages. Throws `BAD_WEIGHTS`, and `BAD_USAGE` for an unknown model. */
export async function convertWeights(
  bytes: Uint8Array,
  name: string,
  { model, card, key, precision = 'f32', source }: ConvertOptions,
): Promise<Converted> {
  const { network, tensors: read, card: known, assumed } = registered(await decodeWeights(bytes, name, { model, card, key }), name);
  const tensors = convertTensors(read, precision, name);
  const complete: Card = {
    ...(card || known.model === network.canonical ? known : defaultCard(network.canonical, network.end.channels)),
    model: network.canonical,
    source,
    // The smallest picture of a network with tiles is tens of GMACs: minutes for the CPU reference.
    check: network.tile ? undefined : selfTest(network.build({ h: CHECK.h, w: CHECK.w }), tensors, known),
    file: undefined,
  };
  const written = writeSafetensors(tensors, { atrous: JSON.stringify(complete) });
  return { network, card: complete, tensors: tensors.size, bytes: written, assumed };
}

const LARGEST_F16 = 65504;

/** Batch counters are dropped: nothing reads them. */
function convertTensors(tensors: Tensors, precision: 'f32' | 'f16', source: string): Map<string, Tensor> {
  const kept = [...tensors].filter(([name]) => !name.endsWith('.num_batches_tracked'));
  return new Map(
    kept.map(([name, tensor]): [string, Tensor] => {
      const half = precision === 'f16' && tensor.shape.length > 1;
      // As it is in the file, where DilatedNet's half a gigabyte need not be copied to aligned memory.
      if (!half && tensor.dtype === 'F32') return [name, tensor];
      const values = toFloat32(tensor);
      if (!half) return [name, fromFloat32(tensor.shape, values)];
      const large = values.find(value => Math.abs(value) > LARGEST_F16);
      if (large !== undefined) {
        throw new AtrousError(
          'BAD_WEIGHTS',
          `${source}: tensor "${name}" holds ${large}, beyond ${LARGEST_F16}, the largest f16 number: leave out --precision f16`,
        );
      }
      return [name, { dtype: 'F16', shape: tensor.shape, bytes: encodeFloat16(values) }];
    }),
  );
}

/** Classes of the fixtures' seeded input by the CPU reference, from the weights as they are written. */
function selfTest(graph: Parameters<typeof runReference>[0], tensors: Tensors, { preprocessing }: Card): Check {
  const { h, w, seed } = CHECK;
  const data = seededInput(seed, CHECK, preprocessing);
  const classes = runReference(graph, { c: 3, h, w, data }, constantReader(tensors, toFloat32)).get('classes')!;
  return { seed, height: h, width: w, classes: encodeRuns(Uint8Array.from(classes.data)), agreement: CHECK.agreement };
}
