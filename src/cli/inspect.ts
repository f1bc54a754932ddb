// A network and its plan as text, for a machine that need not be here.

import { AtrousError } from '../errors.ts';
import { factsOf } from '../gpu/device.ts';
import type { Graph } from '../graph/graph.ts';
import { infer, macs } from '../graph/ops.ts';
import { printGraph, printNode } from '../graph/print.ts';
import { findNetwork, parameters, published } from '../models/registry.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { readBytes, resolveFrom } from '../node/files.ts';
import { fuse } from '../passes/index.ts';
import { type AdapterFacts, defaultFacts } from '../plan/choose.ts';
import { lower } from '../plan/lower.ts';
import { printPlan, summarise } from '../plan/print.ts';
import { type Card, imagenet } from '../weights/card.ts';
import { type Arguments, type Command, onePositional, precisionOf, shared, sharedHelp, sizeOf, variantsOf } from './command.ts';
import { output } from './output.ts';
import { openWeights, readCard } from './weights.ts';

/** The size that papers count at. */
const PAPER = { h: 1024, w: 2048 };
const CITYSCAPES_CLASSES = 19;

export const inspect: Command = {
  usage: 'inspect MODEL [-w WEIGHTS] [--size HxW] [--graph|--passes|--plan|--json] [--adapter default|this|RESULTS.json]',
  about: 'parameters, MACs, fusions, dispatches and memory of a network at a size',
  help: {
    ...sharedHelp,
    weights: 'weights file: its number of classes is used (else 19)',
    size: `${sharedHelp.size}; default 1024x2048`,
    adapter: 'default (a discrete GPU with WebGPU’s default limits), this (the one here), or a file of bench --json',
    graph: 'the network as published, a node a line',
    passes: 'every pass: why, and which lines it changes',
    plan: 'every dispatch: pipeline, sizes, slots, MACs, bytes',
  },
  options: {
    weights: shared.weights,
    card: shared.card,
    size: shared.size,
    adapter: shared.adapter,
    precision: shared.precision,
    variants: shared.variants,
    json: shared.json,
    graph: { type: 'boolean' },
    passes: { type: 'boolean' },
    plan: { type: 'boolean' },
  },
  async run(args) {
    const out = output(args.flag('json'));
    const model = onePositional('inspect', args, 'MODEL');
    const network = findNetwork(model);
    const [variants, precision] = [variantsOf(args), precisionOf(args, 'f32')];
    const card = await cardOf(model, args);
    const size = sizeOf(args) ?? PAPER;
    const classes = card?.classes.length ?? CITYSCAPES_CLASSES;
    const graph = network.build({ classes, ...size });
    const facts = await factsFor(args.text('adapter') ?? 'default', out.note);
    const { mean, std } = card?.preprocessing ?? imagenet;
    const library = await shaderLibrary();
    const stem = { stem: 'texture', mean, std } as const;
    const plan = lower(fuse(graph), { ...stem, precision, facts, variants, shaderFacts: library.facts });
    const total = totalMacs(graph);
    const summary = {
      model,
      network: network.canonical,
      classes,
      size: `${size.h}x${size.w}`,
      parameters: parameters(graph),
      macs: total,
      adapter: facts.name,
    };
    out.json({ ...summary, plan });
    if (args.flag('json')) return 0;
    if (args.flag('graph')) out.text(printGraph(graph));
    if (args.flag('passes')) printPasses(graph, out.text);
    if (args.flag('plan')) out.text(printPlan(plan));
    if (args.flag('graph') || args.flag('passes') || args.flag('plan')) return 0;
    out.text(`${model} (${network.canonical}), ${classes} classes, at ${summary.size}`);
    out.text(`parameters: ${summary.parameters}`);
    out.text(`MACs: ${total} (${(total / 1e9).toFixed(3)} G)`);
    out.text(
      `nodes: ${graph.nodes.length} as published, ${plan.steps.length} dispatches after ${precision} lowering for ${facts.name}`,
    );
    out.text(summarise(plan));
    out.text('more: --graph, --passes, --plan, --json');
    return 0;
  },
};

async function cardOf(model: string, args: Arguments): Promise<Card | null> {
  if (!published.has(model) && args.text('weights') === undefined) return (await readCard(args.text('card'))) ?? null;
  return (await openWeights(model, args)).card;
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
    const { adapter: name, limits } = JSON.parse(text);
    const { software, features, maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension } = limits;
    const sizes = { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension };
    if (
      typeof name === 'string' &&
      typeof software === 'boolean' &&
      Array.isArray(features) &&
      Object.values(sizes).every(Number.isFinite)
    ) {
      return { name, software, features, limits: sizes };
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

/** What each pass did: lines that went, lines that came. */
function printPasses(graph: Graph, print: (line: string) => void): void {
  print(`${graph.name}: ${graph.nodes.length} nodes as published`);
  fuse(graph, (pass, before, after) => {
    const [old, fresh] = [before, after].map(side => new Set(side.nodes.map(printNode)));
    print(`\n${pass.name}: ${before.nodes.length} → ${after.nodes.length} nodes\n  ${pass.why}`);
    for (const line of old) if (!fresh.has(line)) print(`  - ${line}`);
    for (const line of fresh) if (!old.has(line)) print(`  + ${line}`);
  });
}
