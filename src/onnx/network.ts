// An imported file as a network that takes pictures: at which sizes it runs, which output is meant, and how that becomes classes.
import { AtrousError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { networkSize, printSize, type Size } from '../image/size.ts';
import type { BuildOptions, Runnable, RuntimeValue } from '../models/network.ts';
import type { PartialCard } from '../weights/card.ts';
import { quote, some, type Tensor } from '../weights/tensor.ts';
import { printDims } from './array.ts';
import { aroundPicture, type Core } from './core.ts';
import { type Imported, importOnnx, inputsFor, pictureShape, pictureSides, refusalsOf } from './import.ts';
import type { Mapped } from './layout.ts';
import type { OnnxModel, Port } from './model.ts';
import { fromPlanes } from './planes.ts';
import { isBytes, isProbability } from './probability.ts';

/** Values that are written around what the file has. */
const TAKEN = ['classes', 'prob', 'scores', 'matte', 'letterbox', 'content', 'pixels'];

/** Sides that networks are built for: any, or multiples of what they shrink their maps by. */
const GRAINS = [1, 8, 16, 32, 64] as const;
/** Rows and columns of the sizes that they are tried at, at least: the largest windows need some. */
const PROBE: Size = { h: 97, w: 129 };

export interface PictureNetwork {
  readonly network: Runnable;
  /** Of all sizes that were built so far. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The file itself at a size. */
  readonly core: (size: Size) => Core;
  /** The input, if it takes the bytes of colours as they are: its numbers are whole. */
  readonly bytes: string | null;
  /** What the file left open, for people. */
  readonly assumed: readonly string[];
}

/**
 * `named`: the output that is meant; default: the first. Throws `BAD_GRAPH` with all that can't be made (as `importOnnx`), for files that need more than a
 * picture, and for outputs that are no map; `BAD_USAGE` for outputs that are not there.
 */
export function pictureNetwork(model: OnnxModel, name: string, card: PartialCard, named?: string): PictureNetwork {
  const { file, outputs, opset } = model;
  const output = named ?? outputs[0].name;
  const port = pictureInput(model, output);
  const tensors = new Map<string, Tensor>();
  const at = (size: Size, more: readonly string[] = []): Imported =>
    importOnnx(model, new Map([[port.name, pictureShape(port, size)!]]), [output, ...more], { taken: TAKEN, tensors });
  const { fixed, size, grain, probed } = sizesOf(file, port, card, at);
  const probe = endOf(file, probed, output);
  const channels = probe.shape.c;
  const own = card.activation ?? (isProbability(probe.nodes, probe.value) ? 'none' : 'sigmoid');
  const end = { channels, ...(channels === 1 && { activation: own }) };
  const letterbox = card.preprocessing?.resize === 'letterbox';
  // What was made at another size is a matter of this one.
  const sized: typeof at = (size, more) => {
    try {
      return at(size, more);
    } catch (error) {
      const [first] = refusalsOf(error);
      if (!first) throw error;
      const next = grain > 1 ? `multiples of ${grain}` : `another, such as ${printSize(PROBE)}`;
      throw new AtrousError(
        'BAD_USAGE',
        `size: ${file} can't be made at ${printSize(size)} (${first.op} ${quote(first.node)}: ${first.reason}): take ${next}`,
        { cause: refusalsOf(error) },
      );
    }
  };
  const core = (size: Size): Core => endOf(file, sized(size), output);

  const around = (made: Core, { h, w, to = { h, w }, threshold }: BuildOptions): Graph =>
    aroundPicture(file, made, { h, w, to, threshold, tensors, letterbox, end });

  const network: Runnable = {
    name,
    canonical: `ONNX opset ${opset}, ${quote(output)}`,
    end,
    tile: null,
    grid: null,
    inside(picture, asked) {
      if (asked && fixed && printSize(asked) !== printSize(fixed))
        throw new AtrousError('BAD_USAGE', `size: ${file} runs at ${printSize(fixed)} alone: leave it out`);
      if (asked ?? size) return asked ?? size!;
      const { h, w } = networkSize(picture, card.preprocessing?.max_area ?? null);
      const whole = (side: number): number => Math.max(1, Math.round(side / grain)) * grain;
      return { h: whole(h), w: whole(w) };
    },
    build: options => around(core(options), options),
    withValues(options, names) {
      const imported = sized(options, names);
      const values = new Map(names.map(each => [each, runtimeValue(imported.outputs.get(each)!)]));
      const kept = new Set([...values.values()].map(({ value }) => value));
      return { graph: around(endOf(file, imported, output, kept), options), values };
    },
  };
  const assumed = [
    ...(outputs.length > 1 && named === undefined ? [`the first of ${outputs.length} outputs, ${quote(output)}`] : []),
    ...(card.activation || channels > 1
      ? []
      : [own === 'none' ? `${quote(output)} to be a probability` : `the sigmoid of ${quote(output)} to be a probability`]),
    ...(grain > 1 ? [`sizes inside to be multiples of ${grain}`] : []),
  ];
  return { network, tensors, assumed, core, bytes: port.dtype && /^[IU]/.test(port.dtype) ? port.name : null };
}

/** The one input, of three channels. */
function pictureInput(model: OnnxModel, output: string): Port {
  const { file } = model;
  const ports = inputsFor(model, [output]);
  const printed = ports.map(({ name, dims }) =>
    `${quote(name)} ${dims ? printDims(dims.map(dim => (dim === '' ? '?' : dim))) : ''}`.trim(),
  );
  const refuse = (what: string): never => {
    throw new AtrousError('BAD_GRAPH', `${file}: ${quote(output)} needs ${what}; atrous run takes any inputs as tensors`);
  };
  if (ports.length !== 1) refuse(`${ports.length} inputs, ${some(printed)}, and a picture is one`);
  const [port] = ports;
  const shape = pictureShape(port, PROBE) ?? refuse(`the input ${printed[0]}, and a picture is N×3×H×W, N×H×W×3, 3×H×W or H×W×3`);
  const batch = shape.length === 4 ? shape[0] : 1;
  if (batch !== 1)
    throw new AtrousError(
      'BAD_GRAPH',
      `${file}: the input ${printed[0]} is ${batch} pictures at once, and they are taken one at a time: export it with a batch of 1, or a named one`,
    );
  if (!shape.slice(-3).includes(3)) refuse(`the input ${printed[0]}, and a picture has 3 channels`);
  if (port.dtype === 'I8' || port.dtype === 'BOOL') refuse(`the input ${printed[0]} in ${port.dtype}, and colours are 0 to 255`);
  return port;
}

interface Sizes {
  /** Of a file that says it. */
  readonly fixed: Size | null;
  /** The only one, of the file or its card. */
  readonly size: Size | null;
  readonly grain: number;
  /** The file at one of them. */
  readonly probed: Imported;
}

/** Sides of which a file is built are said nowhere in it, so they are tried, the finest first. */
function sizesOf(file: string, port: Port, { preprocessing }: PartialCard, at: (size: Size) => Imported): Sizes {
  const [h, w] = pictureSides(port);
  const fixed = h === null || w === null ? null : { h, w };
  const own = preprocessing?.size ?? null;
  const asked = own && { h: own.height, w: own.width };
  if (fixed && asked && printSize(fixed) !== printSize(asked))
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${file} runs at ${printSize(fixed)} alone, its card has "preprocessing.size" ${printSize(asked)}: correct the card`,
    );
  const size = fixed ?? asked;
  if (size) return { fixed, size, grain: 1, probed: at(size) };
  let least: { readonly error: unknown; readonly count: number } | null = null;
  for (const grain of GRAINS) {
    // Odd multiples: an even one would also be a multiple of a larger grain.
    const odd = (side: number): number => (2 * Math.floor(side / grain / 2) + 1) * grain;
    try {
      return { fixed, size, grain, probed: at({ h: h ?? odd(PROBE.h), w: w ?? odd(PROBE.w) }) };
    } catch (error) {
      const { length: count } = refusalsOf(error);
      if (count === 0) throw error;
      // What no size mends is there at each: the shortest list has the least beside it.
      if (!least || count < least.count) least = { error, count };
    }
  }
  throw least!.error;
}

function runtimeValue(mapped: Mapped): RuntimeValue {
  return { value: mapped.value, dims: mapped.dims, arrange: data => fromPlanes(mapped, { data }) };
}

/** `kept`: values that are wanted for themselves. */
function endOf(file: string, { graph, outputs }: Imported, output: string, kept: ReadonlySet<string> = new Set()): Core {
  const refuse = (what: string): never => {
    throw new AtrousError('BAD_GRAPH', `${file}: the output ${quote(output)} ${what}: name another with --output-name`);
  };
  const found = outputs.get(output)!;
  const { h, w } = found.shape;
  if (h * w === 1) refuse(`is ${printDims(found.dims)}, no map of a picture`);
  const last = graph.nodes.find(({ name }) => name === found.value)!;
  const ends = found.classes || isBytes(graph.nodes, last);
  const value = ends ? last.inputs.x! : found.value;
  const { shape } = infer(graph).get(value)!;
  if (shape.c > 256) refuse(`has ${shape.c} channels, and a class map holds at most 256 classes`);
  const nodes = ends && !kept.has(last.name) ? graph.nodes.filter(node => node !== last) : graph.nodes;
  return { nodes, input: graph.input, value, shape };
}
