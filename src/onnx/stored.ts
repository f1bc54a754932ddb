// An imported network in a safetensors file: its weights as tensors, what is done with them as JSON in the header. Whoever loads it needs nothing that
// reads ONNX, and the file runs at the size that it was converted at.
import { AtrousError, describe } from '../errors.ts';
import type { Constant } from '../graph/constant.ts';
import { tensorsOf } from '../graph/constant.ts';
import type { End } from '../graph/end.ts';
import { INPUT } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { verify } from '../graph/verify.ts';
import { printSize, type Size } from '../image/size.ts';
import type { LoadedWeights, Runnable } from '../models/network.ts';
import { type Card, type PartialCard, type Preprocessing, parseCard } from '../weights/card.ts';
import { badWeights, count, quote, type Tensor, type Tensors } from '../weights/tensor.ts';
import { aroundPicture, type Core } from './core.ts';

/** The header's entry beside the card. */
export const TOPOLOGY = 'atrous.topology';
const VERSION = 1;

/** As it lies in the header. */
interface Topology {
  readonly version: number;
  readonly size: Size;
  readonly core: Core;
  readonly end: End;
}

/** The entry, and those of the tensors that it needs. */
export function storeTopology(size: Size, core: Core, end: End, tensors: Tensors): { text: string; tensors: Map<string, Tensor> } {
  const needed = new Set(
    core.nodes
      .flatMap(node => Object.values<Constant>(node.constants))
      .flatMap(tensorsOf)
      .map(([name]) => name),
  );
  const topology: Topology = { version: VERSION, size, core, end };
  return { text: JSON.stringify(topology), tensors: new Map([...needed].map(name => [name, tensors.get(name)!])) };
}

export interface StoredOptions {
  readonly card?: PartialCard;
  readonly preprocessing?: Partial<Preprocessing>;
}

/** Throws `BAD_WEIGHTS` for a file whose topology no graph can be made of, and where its tensors or its card are others. */
export async function loadStored(
  read: Tensors,
  metadata: ReadonlyMap<string, string>,
  file: string,
  { card, preprocessing }: StoredOptions,
): Promise<Omit<LoadedWeights, 'stored'>> {
  const { size, core, end } = parseTopology(metadata.get(TOPOLOGY)!, read, file);
  const own = parseCard(metadata.get('atrous') ?? '{}', `in ${file}`);
  const { int8 } = own;
  // What codes stand for is the file's own affair, whatever a card beside it says.
  const whole: Card = { ...own, ...card, int8, preprocessing: { ...own.preprocessing, ...card?.preprocessing, ...preprocessing } };
  const classes = end.channels === 1 ? 2 : end.channels;
  if (whole.classes.length !== classes || whole.palette.length !== classes)
    throw badWeights(file, `its card names ${whole.classes.length} classes, its scores are of ${classes}: correct the card`);
  // What is put around a picture has tables of its own.
  const tensors = int8 ? (await import('../weights/int8.ts')).withScales(read, file) : new Map(read);
  const letterbox = whole.preprocessing.resize === 'letterbox';
  const network: Runnable = {
    name: whole.model,
    canonical: `${whole.model} at ${printSize(size)}`,
    end,
    tile: null,
    grid: null,
    inside(_picture, asked) {
      if (!asked || printSize(asked) === printSize(size)) return size;
      throw new AtrousError(
        'BAD_USAGE',
        `size: ${file} was converted at ${printSize(size)}: leave it out, or convert the ONNX file with another --size`,
      );
    },
    build({ h, w, to = { h, w }, threshold }) {
      if (h !== size.h || w !== size.w)
        throw new AtrousError('BAD_USAGE', `${file} was converted at ${printSize(size)}, not ${h}x${w}`);
      return aroundPicture(file, core, { h, w, to, threshold, tensors, letterbox, end });
    },
  };
  const weights = { network, tensors, card: whole, assumed: null };
  return int8 ? { ...weights, ...(await import('../int8.ts')).inInt8(network, int8, file) } : weights;
}

/** Values of more numbers are no maps of a picture. */
const MOST = 2 ** 31;

/** A header is hostile until a graph was made of it. */
function parseTopology(text: string, tensors: Tensors, file: string): Topology {
  const damaged = (why: string): AtrousError => badWeights(file, `its topology can't be used: ${why}; convert the ONNX file again`);
  try {
    const topology = JSON.parse(text) as Topology;
    const { version, size, core, end } = topology;
    if (version !== VERSION) throw damaged(`it is of version ${version}, this reads ${VERSION}`);
    const { input, value, shape, nodes } = core;
    const texts = [value, ...nodes.flatMap(({ op, name, inputs }) => [op, name, ...Object.values(inputs)])];
    if (texts.some(each => typeof each !== 'string')) throw damaged('a name is no text');
    for (const constant of nodes.flatMap(node => Object.values<Constant>(node.constants))) {
      for (const [name, wanted] of tensorsOf(constant)) {
        const held = tensors.get(name)?.shape;
        if (!held || count(held) !== count(wanted))
          throw damaged(`the tensor ${quote(name)} is ${held?.join('×') ?? 'missing'}, it needs ${wanted.join('×')}`);
      }
    }
    const graph = { name: file, input, nodes, outputs: [value], aliases: new Map() };
    const values = infer(verify(graph));
    for (const [name, { shape: own }] of [...values, [INPUT, { shape: input }] as const]) {
      const sides = [own.c, own.h, own.w];
      if (!sides.every(side => Number.isSafeInteger(side) && side > 0) || count(sides) > MOST)
        throw damaged(`${quote(name)} is ${sides.join('×')}`);
    }
    const made = values.get(value)!.shape;
    const { activation } = end;
    const whole = made.c === shape.c && made.h === shape.h && made.w === shape.w && end.channels === shape.c && shape.c <= 256;
    const known = activation === undefined || activation === 'none' || activation === 'sigmoid';
    if (!whole || !known || input.c !== 3 || size.h !== input.h || size.w !== input.w)
      throw damaged('its size or its end is another');
    return topology;
  } catch (error) {
    if (error instanceof AtrousError && error.code === 'BAD_WEIGHTS') throw error;
    throw damaged(describe(error));
  }
}
