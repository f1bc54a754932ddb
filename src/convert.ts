// A published checkpoint → the bytes of one safetensors file with its card: what `convert` and `pull` share. Pure; who calls writes.
import type { Calibration } from './calibrate.ts';
import { AtrousError } from './errors.ts';
import { type Constant, constantReader, tensorsOf } from './graph/constant.ts';
import type { Graph } from './graph/graph.ts';
import { infer, macs } from './graph/ops.ts';
import { printSize, type Size } from './image/size.ts';
import { decodeWeights, registered } from './load.ts';
import { defaultCard } from './models/cards.ts';
import type { LoadedWeights, Runnable } from './models/network.ts';
import type { Core } from './onnx/core.ts';
import { storeTopology, TOPOLOGY } from './onnx/stored.ts';
import { run as runReference } from './reference/run.ts';
import { agreement } from './weights/agreement.ts';
import type { Card, Check } from './weights/card.ts';
import { type Form, tensorsInCodes, withScales } from './weights/int8.ts';
import { encodeRuns } from './weights/runs.ts';
import { writeSafetensors } from './weights/safetensors.ts';
import { seededInput } from './weights/seeded.ts';
import { encodeFloat16, fromFloat32, type Tensor, type Tensors, toFloat32, toFloat64 } from './weights/tensor.ts';

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
  /** For int8 instead: finds what the codes of maps stand for. */
  readonly calibrate?: Calibrate;
  /** Where the bytes came from. */
  readonly source: NonNullable<Card['source']>;
}

export interface Converted {
  readonly network: Runnable;
  /** As it is in the file. */
  readonly card: Card;
  /** How many. */
  readonly tensors: number;
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** Why this network, where neither the caller nor a card said so. */
  readonly assumed: string | null;
}

/** A network in numbers, and its weights as they are in codes → the network in codes. */
export type Calibrate = (weights: LoadedWeights, coded: Tensors) => Promise<Calibration>;

/** Reads, checks against the network, and writes anew; `name` is for messages. Throws `BAD_WEIGHTS`, and `BAD_USAGE` for an unknown model. */
export async function convertWeights(
  bytes: Uint8Array,
  name: string,
  { model, card, key, precision = 'f32', calibrate, source }: ConvertOptions,
): Promise<Converted> {
  const weights = registered(await decodeWeights(bytes, name, { model, card, key }), name);
  if (weights.card.int8) throw new AtrousError('BAD_USAGE', `${name} holds int8 codes: convert the file that it was made of`);
  const { network, card: known, assumed } = weights;
  if (calibrate && network.tile)
    throw new AtrousError(
      'BAD_USAGE',
      `--precision int8: ${network.canonical} reads tiles, and only networks of whole pictures have int8`,
    );
  const plain = convertTensors(weights.tensors, precision, name);
  const tensors = calibrate ? tensorsInCodes(plain, formOf) : plain;
  const decoded = calibrate ? withScales(tensors, name) : tensors;
  const coded = await calibrate?.(weights, decoded);
  const made = coded?.network ?? network;
  const complete: Card = {
    ...(card || known.model === network.canonical ? known : defaultCard(network.canonical, network.end.channels)),
    model: network.canonical,
    source,
    // The smallest picture of a network with tiles is tens of GMACs: minutes for the CPU reference.
    check: network.tile ? undefined : selfTest(made.build({ h: CHECK.h, w: CHECK.w }), decoded, known, CHECK),
    int8: coded?.int8,
    file: undefined,
  };
  const written = writeSafetensors(tensors, { atrous: JSON.stringify(complete) });
  return { network, card: complete, tensors: tensors.size, bytes: written, assumed };
}

/** Of a checkpoint's tensors in int8: a small variance of a norm would be lost in halves. */
function formOf(name: string, { shape, dtype }: Tensor): Form {
  if (shape.length > 1) return 'codes';
  return dtype === 'F32' && !name.endsWith('.running_var') ? 'halves' : 'whole';
}

const LARGEST_F16 = 65504;

/** Throws `BAD_WEIGHTS` for a number that halves don't reach. */
function halved(name: string, tensor: Tensor, source: string): Tensor {
  const values = toFloat32(tensor);
  const large = values.find(value => Math.abs(value) > LARGEST_F16);
  if (large === undefined) return { dtype: 'F16', shape: tensor.shape, bytes: encodeFloat16(values) };
  throw new AtrousError(
    'BAD_WEIGHTS',
    `${source}: tensor "${name}" holds ${large}, beyond ${LARGEST_F16}, the largest f16 number: leave out --precision f16`,
  );
}

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
      return [name, halved(name, tensor, source)];
    }),
  );
}

/** Classes of the fixtures' seeded input by the CPU reference, from the weights as they are written. */
function selfTest(graph: Graph, tensors: Tensors, { preprocessing }: Pick<Card, 'preprocessing'>, { h, w }: Size): Check {
  const data = seededInput(CHECK.seed, { h, w }, preprocessing);
  const classes = classesBy(graph, tensors, { h, w }, data);
  return { seed: CHECK.seed, height: h, width: w, classes: encodeRuns(classes), agreement: CHECK.agreement };
}

function classesBy(graph: Graph, tensors: Tensors, { h, w }: Size, data: Float64Array): Uint8Array {
  const values = runReference(graph, { c: 3, h, w, data }, constantReader(tensors, toFloat64));
  return Uint8Array.from(values.get('classes')!.data);
}

/** Multiply-adds that the CPU reference makes in half a minute: a self-test runs it twice. */
const MOST_MACS = 4e9;
/** The least agreement that a self-test may ask for: below it nothing is tested. */
const LEAST_AGREEMENT = 0.9;

export interface TopologyOptions extends Pick<ConvertOptions, 'precision' | 'calibrate' | 'source'> {
  /** What the network is written down at: its only size where it has one. */
  readonly size: Size | undefined;
}

/** An ONNX file's weights, what is done with them at a size, and its card; in int8 where it was loaded so. Throws `BAD_USAGE` where no size is said. */
export async function convertOnnx(
  weights: LoadedWeights,
  name: string,
  { size, precision = 'f32', calibrate, source }: TopologyOptions,
): Promise<Converted> {
  const { network, tensors: read, card, core } = weights;
  // A network of one size takes it for any picture.
  const [small, large] = [
    { h: 64, w: 64 },
    { h: 1024, w: 1024 },
  ].map(picture => network.inside!(picture, size ?? null));
  if (small.h !== large.h || small.w !== large.w)
    throw new AtrousError('BAD_USAGE', `${name} runs at many sizes, and is written down for one: say --size HxW`);
  const made = core!(small);
  const int8 = calibrate !== undefined || card.int8 !== undefined;
  const { text, tensors: needed } = storeTopology(small, made, network.end, read);
  const named = (role: string): Set<string> => tensorsIn(made, role);
  const tensors = int8
    ? codedTopology(needed, named('weight'), named('bias'))
    : convertTopology(needed, precision === 'f16' ? named('weight') : new Set(), name);
  const decoded = int8 ? withScales(tensors, name) : tensors;
  const coded = await calibrate?.({ ...weights, network: { ...network, inside: () => small } }, decoded);
  const graph = (coded?.network ?? network).build(small);
  const values = infer(graph);
  const cost = graph.nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
  // What is put around a picture has tables beside the file's.
  const check = cost <= MOST_MACS ? calibrated(graph, new Map([...read, ...decoded]), card, small) : undefined;
  const complete: Card = { ...card, source, check, int8: coded?.int8 ?? card.int8, file: undefined };
  const written = writeSafetensors(tensors, { atrous: JSON.stringify(complete), [TOPOLOGY]: text });
  const note = check
    ? null
    : `${name}: at ${printSize(small)} its self-test would take the CPU reference minutes: the card has none`;
  return { network, card: complete, tensors: tensors.size, bytes: written, assumed: note };
}

/** Names of the tensors that constants of a role begin with: a convolution's weight, or its bias. */
function tensorsIn({ nodes }: Core, role: string): Set<string> {
  const constants = nodes.flatMap(node => Object.entries<Constant>(node.constants));
  return new Set(constants.filter(([own]) => own === role).flatMap(([, constant]) => tensorsOf(constant)[0][0]));
}

/** As they are, those of `halves` as halves, and whole numbers of other types than bytes as float32. */
function convertTopology(tensors: Tensors, halves: ReadonlySet<string>, source: string): Map<string, Tensor> {
  return new Map(
    [...tensors].map(([name, tensor]) => {
      if (tensor.dtype === 'F32' || tensor.dtype === 'F16' || /^[IU]8/.test(tensor.dtype))
        return [name, tensor.dtype === 'F32' && halves.has(name) ? halved(name, tensor, source) : tensor];
      return [name, fromFloat32(tensor.shape, toFloat32(tensor))];
    }),
  );
}

/** Tables of places, which are neither weights nor biases, stay as they are. */
function codedTopology(tensors: Tensors, weights: ReadonlySet<string>, biases: ReadonlySet<string>): Map<string, Tensor> {
  const whole = [...tensors].map(([name, tensor]) => [name, fromFloat32(tensor.shape, toFloat32(tensor))] as const);
  return tensorsInCodes(new Map(whole), (name, { shape }) =>
    weights.has(name) && shape.length > 1 ? 'codes' : biases.has(name) ? 'halves' : 'whole',
  );
}

/** With the agreement that weights and a picture rounded to halves leave, less three times what they lose: scores of a seeded picture may be close. */
function calibrated(graph: Graph, tensors: Tensors, card: Card, size: Size): Check {
  const check = selfTest(graph, tensors, card, size);
  const half = (values: ArrayLike<number>): Float32Array =>
    toFloat32({ dtype: 'F16', shape: [values.length], bytes: encodeFloat16(Float32Array.from(values)) });
  const rounded = new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      tensor.dtype === 'F32' ? fromFloat32(tensor.shape, half(toFloat32(tensor))) : tensor,
    ]),
  );
  const classes = classesBy(graph, rounded, size, Float64Array.from(half(seededInput(CHECK.seed, size, card.preprocessing))));
  const lost = 1 - agreement(classes, check.classes);
  return { ...check, agreement: Math.max(LEAST_AGREEMENT, Math.min(CHECK.agreement, Math.floor((1 - 3 * lost) * 1000) / 1000)) };
}
