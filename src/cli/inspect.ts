// A network and its plan as text and as pictures, for a machine that need not be here.

import { AtrousError } from '../errors.ts';
import { tileOf } from '../front/options.ts';
import { factsOf } from '../gpu/device.ts';
import { SIZED } from '../gpu/flags.ts';
import { isUsable } from '../gpu/matrices.ts';
import { classesOf } from '../graph/decision.ts';
import { type FieldsOfView, fieldsOfView, layers } from '../graph/fov.ts';
import type { Graph } from '../graph/graph.ts';
import { infer, macs } from '../graph/ops.ts';
import { printGraph, printNode } from '../graph/print.ts';
import { printSize } from '../image/size.ts';
import { kernels, rowsOf } from '../kernels/index.ts';
import type { LoadedWeights } from '../load.ts';
import { defaultCard } from '../models/cards.ts';
import { findNetwork, parameters, published } from '../models/registry.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { readBytes, resolveFrom, writeAtomic } from '../node/files.ts';
import { isModelFile, openOnnx } from '../node/onnx-file.ts';
import { pictureShape } from '../onnx/import.ts';
import { fuse, passes, passesFor } from '../passes/index.ts';
import type { Target } from '../passes/pass.ts';
import { type AdapterFacts, defaultFacts, targetOf } from '../plan/choose.ts';
import { drawPlan } from '../plan/draw.ts';
import { drawFields } from '../plan/draw-fov.ts';
import { drawPasses, type Stage } from '../plan/draw-passes.ts';
import { jobsOf } from '../plan/jobs.ts';
import { lower } from '../plan/lower.ts';
import type { Stem } from '../plan/plan.ts';
import { printPlan, summarise, table } from '../plan/print.ts';
import { type MatrixForm, shadersOf } from '../shader/source.ts';
import { type Card, imagenet } from '../weights/card.ts';
import {
  type Arguments,
  type Command,
  exactPrecisionOf,
  onePositional,
  shared,
  sharedHelp,
  sizeOf,
  variantsOf,
} from './command.ts';
import { importReporting, refuseForOnnx } from './onnx.ts';
import { output } from './output.ts';
import { openWeights, readCard, refuseWithoutWeights, resolveModel } from './weights.ts';

/** The size that RegSeg's paper counts at; a DilatedNet's is its tile. */
const PAPER = { h: 1024, w: 2048 };

export const inspect: Command = {
  usage:
    'inspect MODEL [-w WEIGHTS] [--size HxW] [--graph|--passes|--plan|--fov|--json] [--draw FILE.svg] ' +
    '[--adapter default|this|RESULTS.json] [--features a,b] [--jobs FILE.json]',
  about: 'parameters, MACs, fusions, dispatches, memory and fields of view of a network at a size',
  help: {
    ...sharedHelp,
    weights: 'weights file: its classes are counted, and a DilatedNet’s channels; else as published',
    size: `${sharedHelp.size}; default 1024x2048, for DilatedNet its tile`,
    adapter: 'default (a discrete GPU with WebGPU’s default limits), this (the one here), or a file of bench --json',
    graph: 'the network as published, a node a line',
    passes: 'every pass: why, and which lines it changes',
    plan: 'every dispatch: pipeline, sizes, slots, MACs, bytes',
    fov: 'what one cell of each layer sees of what the network reads, holes, and the largest rate that leaves none',
    draw: 'SVG to write: the plan as a score, or what --passes or --fov tell',
    features:
      'what the adapter is to have beside its own: WebGPU features that rows and precisions need, such as shader-f16; subgroup matrices as matrix-16x16x16, with other subgroups than of 32 lanes as matrix-8x8x8/8, of int8 codes as matrix-i8-16x16x32',
    jobs: 'JSON to write: every pipeline of the plan with its WGSL, constants and layout, and the steps that use it; f16 brings its feature along',
  },
  options: {
    weights: shared.weights,
    card: shared.card,
    key: shared.key,
    size: shared.size,
    adapter: shared.adapter,
    precision: shared.precision,
    variants: shared.variants,
    json: shared.json,
    graph: { type: 'boolean' },
    passes: { type: 'boolean' },
    plan: { type: 'boolean' },
    fov: { type: 'boolean' },
    draw: { type: 'string' },
    features: { type: 'string' },
    jobs: { type: 'string' },
  },
  async run(args) {
    const out = output(args.flag('json'));
    const model = onePositional('inspect', args, 'MODEL');
    const imported = isModelFile(model);
    if (!imported) findNetwork(model); // an unknown name, before any file
    const [variants, precision] = [variantsOf(args), exactPrecisionOf(args)];
    const [features, matrices, picture, jobs] = [featuresOf(args), matricesOf(args), pictureOf(args), jobsFileOf(args)];
    const draw = async (svg: string): Promise<void> => {
      await writeAtomic(picture!, svg);
      out.text(`drawn: ${picture}`);
    };
    const subject = imported ? await onnxSubject(model, args, out.note) : await subjectOf(model, args);
    const { graph, canonical, classes, size, tile } = subject;
    const [fov, texts] = [args.flag('fov'), jobs || ['graph', 'passes', 'plan'].some(flag => args.flag(flag))];
    if (fov) {
      const fields = fieldsOfView(graph);
      out.json({ model, network: canonical, size: `${size.h}x${size.w}`, ...fieldsAsData(graph, fields) });
      if (!args.flag('json')) out.block(printFields(graph, fields));
      if (picture) await draw(drawFields(graph, fields));
      // Fields of view need no plan: none is made, so no adapter's limit stands in their way.
      if (!texts) return 0;
    }
    const own = await factsFor(args.text('adapter') ?? 'default', out.note);
    // To compile for an adapter is to have one that can: f16 is its own wish.
    const wished = [...features, ...(jobs && precision === 'f16' ? F16 : [])];
    const facts = {
      ...own,
      features: [...new Set([...own.features, ...wished])].sort(),
      matrices: [...own.matrices, ...matrices],
    };
    const margin = tile?.margin;
    const frame = tile ? { h: size.h - 2 * tile.margin, w: size.w - 2 * tile.margin } : undefined;
    const library = await shaderLibrary();
    const stem = { stem: subject.stem, frame, margin, ...subject.preprocessing };
    const target = targetOf({ precision, facts, variants });
    const plan = lower(fuse(graph, target), { ...stem, precision, facts, variants, shaderFacts: library.brief });
    const total = totalMacs(graph);
    const summary = {
      model,
      network: canonical,
      classes,
      size: `${size.h}x${size.w}`,
      parameters: subject.parameters,
      macs: total,
      adapter: facts.name,
    };
    out.json({ ...summary, plan });
    if (!args.flag('json')) {
      if (args.flag('graph')) out.block(printGraph(graph));
      if (args.flag('passes')) printPasses(graph, target, out.block);
      if (args.flag('plan')) out.block(printPlan(plan));
      if (!texts) {
        out.text(`${model} (${canonical}), ${classes} ${imported ? 'channels come out' : 'classes'}, at ${summary.size}`);
        if (frame) out.text(`a tile: ${frame.h}x${frame.w} pixels of a picture, and ${tile!.margin} around them on every side`);
        out.text(`parameters: ${summary.parameters}`);
        out.text(`MACs: ${total} (${(total / 1e9).toFixed(3)} G)`);
        const dispatches = `${plan.steps.length} dispatches after ${precision} lowering for ${facts.name}`;
        out.text(`nodes: ${graph.nodes.length} as published, ${dispatches}`);
        out.block(summarise(plan));
        out.text('more: --graph, --passes, --plan, --fov, --draw FILE.svg, --json');
      }
    }
    if (jobs) {
      await library.load(shadersOf(plan.steps), plan.precision);
      const listed = jobsOf(plan, library);
      await writeAtomic(
        jobs,
        JSON.stringify({ model, network: canonical, precision, size: plan.size, hash: plan.hash, ...listed }),
      );
      out.text(`${jobs}: ${listed.steps.length} steps, ${listed.jobs.length} pipelines, plan ${plan.hash}`);
    }
    if (picture && !fov) await draw(args.flag('passes') ? drawPasses(graph, stagesOf(graph, target)) : drawPlan(plan));
    return 0;
  },
};

/** The file that `--draw` names, before any work is done. */
function pictureOf(args: Arguments): string | null {
  const name = args.text('draw');
  if (name === undefined) return null;
  if (!/[^/\\]\.svg$/i.test(name))
    throw new AtrousError('BAD_USAGE', `--draw ${name || '(nothing)'}: drawings are SVG; give a name that ends in .svg`);
  if (args.flag('fov') && args.flag('passes'))
    throw new AtrousError(
      'BAD_USAGE',
      `--draw ${name}: --fov and --passes are two drawings and this is one file; run it once for each`,
    );
  return resolveFrom(name);
}

/** The file that `--jobs` names. */
function jobsFileOf(args: Arguments): string | null {
  const name = args.text('jobs');
  return name === undefined ? null : resolveFrom(name);
}

const F16 = ['shader-f16'];
/** `matrix-16x8x16`, with the lanes of a subgroup `matrix-8x8x8/8`, of int8 codes `matrix-i8-16x16x32`. */
const MATRIX = /^matrix-(i8-)?(\d+)x(\d+)x(\d+)(?:\/(\d+))?$/;

/** Throws `BAD_USAGE` for a feature that nothing here asks for. */
function featuresOf(args: Arguments): string[] {
  const named = args.list('features').filter(word => !MATRIX.test(word));
  const needed = kernels().flatMap(kernel => rowsOf(kernel).flatMap(({ needs }) => needs.features ?? []));
  const known = new Set([...F16, ...needed, SIZED]);
  const unknown = named.find(feature => !known.has(feature));
  if (unknown !== undefined)
    throw new AtrousError(
      'BAD_USAGE',
      `--features ${unknown}: no row or precision needs that; known are ${[...known].join(', ')}, and matrix-16x16x16`,
    );
  return named;
}

/** Subgroup matrices that `--features` names. Throws `BAD_USAGE` for a form that no row is made for. */
function matricesOf(args: Arguments): MatrixForm[] {
  const sized = args.list('features').includes(SIZED);
  return args.list('features').flatMap(word => {
    const found = MATRIX.exec(word);
    if (!found) return [];
    const [m, n, k, lanes] = found.slice(2).map(part => Number(part ?? 32));
    const types = found[1] ? ({ operands: 'i8', sums: 'i32' } as const) : ({ operands: 'f16', sums: 'f32' } as const);
    const form = { m, n, k, ...types, lanes, sized };
    if (isUsable(form)) return [form];
    const next = 'sides are 8 or 16, 32 too in depth of int8, subgroups have 8 to 64 lanes and one or two quads of sums a lane';
    throw new AtrousError('BAD_USAGE', `--features ${word}: no row is made of such matrices; ${next}`);
  });
}

/** What is looked at, at a size. */
interface Subject {
  readonly graph: Graph;
  readonly canonical: string;
  readonly classes: number;
  readonly size: { readonly h: number; readonly w: number };
  readonly parameters: number;
  readonly tile: ReturnType<typeof tileOf>;
  readonly stem: Stem;
  readonly preprocessing: Pick<Card['preprocessing'], 'mean' | 'std' | 'channels'>;
}

async function subjectOf(model: string, args: Arguments): Promise<Subject> {
  const { network, card, channels: scores } = await inspected(model, args);
  const { canonical } = network;
  const tile = tileOf({ network, card });
  const size = sizeOf(args) ?? (tile ? { h: tile.height, w: tile.width } : PAPER);
  const graph = network.build({ classes: scores, ...size });
  const { preprocessing } = card ?? defaultCard(canonical, scores);
  return {
    graph,
    canonical,
    classes: classesOf(scores),
    size,
    tile,
    preprocessing,
    parameters: parameters(graph),
    stem: 'texture',
  };
}

/** An ONNX file, whose plan reads tensors; sizes that it fixes itself need no --size. */
async function onnxSubject(path: string, args: Arguments, note: (line: string) => void): Promise<Subject> {
  refuseForOnnx(args);
  const model = await openOnnx(resolveModel(path));
  const asked = sizeOf(args) ?? PAPER;
  const shapes = new Map(
    model.inputs.flatMap(port => (pictureShape(port, asked) ? [[port.name, pictureShape(port, asked)!] as const] : [])),
  );
  const { graph } = importReporting(model, shapes, undefined, note);
  const { c: classes } = infer(graph).get(graph.outputs[0])!.shape;
  // Tables of places are no parameters.
  const learnt = graph.nodes.filter(({ op }) => op !== 'move' && op !== 'resample');
  const { h, w } = graph.input;
  if (args.text('size') !== undefined && (h !== asked.h || w !== asked.w))
    throw new AtrousError('BAD_USAGE', `--size ${printSize(asked)}: ${path} says ${printSize({ h, w })} itself; leave --size out`);
  return {
    graph,
    canonical: `ONNX, opset ${model.opset}`,
    classes,
    size: { h, w },
    parameters: parameters({ ...graph, nodes: learnt }),
    tile: null,
    stem: 'map',
    preprocessing: { mean: imagenet.mean, std: imagenet.std, channels: 'rgb' },
  };
}

interface Inspected extends Pick<LoadedWeights, 'network'> {
  readonly card: Card | null;
  /** Of scores. */
  readonly channels: number;
}

/** A network as its weights have it, where some are named; else as published, with the card that was given or none. */
async function inspected(model: string, args: Arguments): Promise<Inspected> {
  if (published.has(model) || args.text('weights') !== undefined) {
    const { network, card } = await openWeights(model, args);
    return { network, card, channels: network.end.channels };
  }
  const network = findNetwork(model);
  refuseWithoutWeights(args, 'key');
  const card = (await readCard(args.text('card'))) ?? null;
  return { network, card, channels: card?.classes.length ?? network.end.channels };
}

async function factsFor(adapter: string, print: (line: string) => void): Promise<AdapterFacts> {
  if (adapter === 'default') return defaultFacts;
  if (adapter.endsWith('.json')) return readFacts(resolveFrom(adapter));
  const { device, note } = await nodeDevice({ adapter: adapter === 'this' ? undefined : adapter });
  if (note) print(note);
  try {
    return factsOf(device);
  } finally {
    device.destroy();
  }
}

/** The facts in a file that `bench --json` wrote. */
async function readFacts(path: string): Promise<AdapterFacts> {
  const text = new TextDecoder().decode(await readBytes(path));
  try {
    const { adapter: name, id = null, limits } = JSON.parse(text);
    // Nor had they matrices.
    const { matrices = [] } = limits;
    const { software, features, maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension } = limits;
    // Files of earlier versions leave the last one out.
    const { maxTextureDimension2D = defaultFacts.limits.maxTextureDimension2D } = limits;
    const sizes = { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension, maxTextureDimension2D };
    if (
      typeof name === 'string' &&
      typeof software === 'boolean' &&
      Array.isArray(features) &&
      Array.isArray(matrices) &&
      Object.values(sizes).every(Number.isFinite)
    ) {
      return { name, id: typeof id === 'string' ? id : null, software, features, limits: sizes, matrices };
    }
  } catch {
    // Not JSON, or without limits: the same answer.
  }
  throw new AtrousError('BAD_USAGE', `--adapter ${path}: the file holds no adapter and limits as \`bench --json\` writes them`);
}

function totalMacs(graph: Graph): number {
  const values = infer(graph);
  return graph.nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
}

/** What each pass did: lines that went, lines that came; and which ones the adapter has no use for. */
function printPasses(graph: Graph, target: Target, print: (line: string) => void): void {
  print(`${graph.name}: ${graph.nodes.length} nodes as published; barriers are ${target.barriers ? 'cheap' : 'dear'}`);
  fuse(graph, target, (pass, before, after) => {
    const [old, fresh] = [before, after].map(side => new Set(side.nodes.map(printNode)));
    print(`\n${pass.name}: ${before.nodes.length} → ${after.nodes.length} nodes\n  ${pass.why}`);
    for (const line of old) if (!fresh.has(line)) print(`  - ${line}`);
    for (const line of fresh) if (!old.has(line)) print(`  + ${line}`);
  });
  const taken = passesFor(target);
  for (const { name, why } of passes.filter(pass => !taken.includes(pass)))
    print(`\n${name}: left out, its barriers are dear here\n  ${why}`);
}

function stagesOf(graph: Graph, target: Target): Stage[] {
  const stages: Stage[] = [];
  fuse(graph, target, (pass, _before, after) => stages.push({ pass, after }));
  return stages;
}

function fieldsAsData(graph: Graph, fields: FieldsOfView): object {
  const rows = layers(graph).map(layer => {
    const { value: _, ...field } = fields.of(layer);
    return { layer, ...field, rates: fields.rates(layer), bound: fields.bound(layer) };
  });
  const total = (alias: string): object => {
    const { value, size, whole, stride } = fields.of(alias);
    return { value, size, whole, stride };
  };
  const modules = [...graph.aliases.keys()].filter(alias => !alias.includes('.'));
  return {
    gates: { held: 1, count: fields.gates.length },
    fields: rows,
    ...Object.fromEntries(modules.map(name => [name, total(name)])),
  };
}

/** A line a layer, the body's and the decoder's totals, and what the numbers leave out. */
function printFields(graph: Graph, fields: FieldsOfView): string {
  const { h, w } = graph.input;
  const number = (at: number): string => String(Math.round(at * 100) / 100);
  const rows = layers(graph).map(layer => {
    const { stride, size, whole, holes } = fields.of(layer);
    return [
      layer,
      stride.h === stride.w ? number(stride.h) : `${number(stride.h)}×${number(stride.w)}`,
      fields.rates(layer).join(' '),
      String(fields.bound(layer) ?? ''),
      whole ? 'the whole picture' : `${size.h}×${size.w}`,
      whole ? '' : holes ? `${holes.pixels} px, the first in row ${holes.row}, column ${holes.column} of the box` : 'none',
    ];
  });
  const modules = [...graph.aliases.keys()].filter(alias => !alias.includes('.'));
  const totals = modules.map(name => {
    const { size, whole } = fields.of(name);
    return `${name}: ${whole ? 'the whole picture' : `${size.h}×${size.w} px`}`;
  });
  return [
    table(['layer', 'stride', 'rates', 'at most', 'field of view', 'holes'], rows),
    '',
    ...totals,
    ...(fields.gates.length
      ? [`the ${fields.gates.length} gates are held at 1: with their means every cell behind one sees the whole picture`]
      : []),
    `boxes are of cells far from the border: nearer to it, a cell sees the part that lies in the ${h}×${w} that are read`,
    'at most: the largest rate that leaves no hole, ⌊field of view / stride⌋ of what the layer reads if that has none',
  ].join('\n');
}
