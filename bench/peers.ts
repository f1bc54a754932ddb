// Beside the engines that a user would pick instead: the same network, size, weights and picture, frames in turns, and no ratio unless the
// classes agree.

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AtrousError, describe } from '../src/errors.ts';
import { type Statistics, statistics } from '../src/gpu/timing.ts';
import { aliases, findNetwork } from '../src/models/registry.ts';
import { findPackage } from '../src/node/webgpu.ts';
import type { Engine, EngineSpec, Tail, Toggles } from './child.ts';
import { equalShare, type Size, sizeText } from './network.ts';
import { inTurns } from './pairs.ts';
import { round } from './round.ts';

/** One element of `peers`. What is not known is null, and then `reason` says why. */
export interface Peer {
  readonly engine: string;
  readonly version: string | null;
  readonly provider: string;
  readonly model: string;
  readonly size: string;
  /** Of our plan; the file's numbers are float32. */
  readonly precision: string;
  /** The file's name. */
  readonly onnx: string | null;
  /** Of Dawn, the same for both. */
  readonly toggles: Toggles;
  /** What its frame ends with in CPU memory: the faster one is timed. Ours ends with classes. */
  readonly tail: Tail | null;
  readonly load_ms: number | null;
  readonly first_run_ms: number | null;
  readonly wall_ms: Statistics | null;
  /** Of the same minutes. */
  readonly ours: { readonly load_ms: number; readonly first_run_ms: number; readonly wall_ms: Statistics | null } | null;
  /** Share of pixels with equal classes. */
  readonly agreement: number | null;
  /** The same of this provider and the engine's own CPU provider, where that agrees with us and this one doesn't: then both are timed all the same. */
  readonly own_agreement: number | null;
  /** Median of (their time / ours) over pairs of neighbouring frames: how many times as fast we are. */
  readonly ratio: number | null;
  readonly reason: string | null;
}

export const PROVIDERS = ['cpu', 'webgpu'] as const;
/** The engine of the comparison; its install step downloads more than is needed. */
const PACKAGE = { name: 'onnxruntime-node', install: 'npm i --no-save --ignore-scripts onnxruntime-node@1.30.0' };
const AGREED = 0.999;
/** Milliseconds of a frame: of one that takes longer, what stands behind the network is no part that counts, and every frame more is a minute. */
const LONG_MS = 20_000;
/** Of a first frame, compiling and all: of an engine that takes longer each frame is minutes, and none is run that isn't counted. */
const ENDLESS_MS = 180_000;

/** What onnxruntime sets by itself whatever it is asked, of the toggles that our Dawn has. Checks of calls and indices are for the user to say. */
const THEIRS: Toggles = {
  enable: ['allow_unsafe_apis', 'use_vulkan_memory_model', 'vulkan_enable_f16_on_nvidia', 'd3d_disable_ieee_strictness', 'use_dxc'],
  disable: ['lazy_clear_resource_on_first_use', 'timestamp_quantization'],
};

/** The user's toggles with those of onnxruntime behind them. */
export function togglesFor({ enable, disable }: Toggles): Toggles {
  const add = (own: readonly string[], others: readonly string[], against: readonly string[]): string[] => [
    ...own,
    ...others.filter(name => !own.includes(name) && !against.includes(name)),
  ];
  return { enable: add(enable, THEIRS.enable, disable), disable: add(disable, THEIRS.disable, enable) };
}

/** Throws `NO_FILE` with the command that installs it. */
export async function needPeers(find = findPackage): Promise<void> {
  if (await find(PACKAGE.name)) return;
  throw new AtrousError('NO_FILE', `--peers: the package ${PACKAGE.name} is not installed: run ${PACKAGE.install}`);
}

/** The ONNX file of a network at a size, by the names that people give it, or null. */
export function findOnnx(root: string, model: string, size: Size): string | null {
  const { canonical } = findNetwork(model);
  const names = [model, canonical, ...[...aliases].filter(([, of]) => of === canonical).map(([name]) => name)];
  const folders = [join(root, '../shared/onnx'), join(root, '.gpu/onnx')];
  const files = folders.flatMap(folder => names.map(name => join(folder, `${name}_${sizeText(size)}.onnx`)));
  return files.find(file => existsSync(file)) ?? null;
}

/** Without what only one of the engines needs. */
export type Match = Omit<EngineSpec, 'engine' | 'provider' | 'onnx'>;

/** One provider after the other against one process of ours. Whatever goes wrong with a provider is its `reason`. */
export async function comparePeers(
  match: Match,
  onnx: string | null,
  start: (spec: EngineSpec) => Engine,
  runs: number | undefined,
): Promise<Peer[]> {
  const missing = `there is no ONNX file of ${match.model} at ${sizeText(match.size)}: name one with --onnx FILE`;
  if (onnx === null) return PROVIDERS.map(provider => nothing(match, provider, null, missing));
  const spec: EngineSpec = { ...match, engine: 'atrous' };
  const ours = start(spec);
  try {
    const { ms: load_ms } = await ours.load(spec);
    const first_run_ms = await ours.run('classes');
    const peers: Peer[] = [];
    // Classes of their CPU provider, once they are known to be ours.
    let truth: Uint8Array | null = null;
    for (const provider of PROVIDERS) {
      const theirs = start({ ...match, engine: 'onnxruntime', provider, onnx });
      try {
        const own = { ours, load_ms, first_run_ms };
        const peer = await compare(own, theirs, { ...match, engine: 'onnxruntime', provider, onnx }, runs, truth);
        peers.push(peer);
        if (provider === 'cpu' && peer.ratio !== null) truth = await theirs.classes();
      } catch (error) {
        peers.push(nothing(match, provider, onnx, describe(error).replaceAll(onnx, basename(onnx))));
      } finally {
        await theirs.end();
      }
    }
    return peers;
  } finally {
    await ours.end();
  }
}

function nothing({ model, size, precision, toggles }: Match, provider: string, onnx: string | null, reason: string): Peer {
  return {
    engine: 'onnxruntime',
    version: null,
    provider,
    model,
    size: sizeText(size),
    precision,
    onnx: onnx && basename(onnx),
    toggles,
    tail: null,
    load_ms: null,
    first_run_ms: null,
    wall_ms: null,
    ours: null,
    agreement: null,
    own_agreement: null,
    ratio: null,
    reason,
  };
}

async function compare(
  { ours, load_ms, first_run_ms }: { readonly ours: Engine; readonly load_ms: number; readonly first_run_ms: number },
  theirs: Engine,
  spec: EngineSpec,
  runs: number | undefined,
  truth: Uint8Array | null,
): Promise<Peer> {
  const about = await theirs.load(spec);
  const first = await theirs.run('scores');
  const classes = await theirs.classes();
  const agreement = equalShare(await ours.classes(), classes);
  const own = truth && agreement < AGREED ? equalShare(truth, classes) : null;
  const strayed = own !== null && own < AGREED;
  const found: Peer = {
    ...nothing(spec, spec.provider!, spec.onnx!, ''),
    version: about.version,
    load_ms: round(about.ms),
    first_run_ms: round(first),
    ours: { load_ms: round(load_ms), first_run_ms: round(first_run_ms), wall_ms: null },
    agreement: round(agreement),
    own_agreement: strayed ? round(own) : null,
  };
  if (agreement < AGREED && !strayed) {
    const share = (agreement * 100).toFixed(2);
    return {
      ...found,
      reason: `classes agree on ${share} % of the pixels, a ratio needs ${AGREED * 100} %: are these the same weights?`,
    };
  }
  const endless = first > ENDLESS_MS;
  const tail = endless ? 'scores' : await fasterTail(theirs);
  const pairs = await inTurns(
    () => ours.run('classes'),
    () => theirs.run(tail),
    { runs, least: 5, counts: endless },
  );
  const [mine, other] = [pairs.map(pair => pair[0]), pairs.map(pair => pair[1])];
  return {
    ...found,
    tail,
    wall_ms: statistics(other),
    ours: { load_ms: round(load_ms), first_run_ms: round(first_run_ms), wall_ms: statistics(mine) },
    ratio: round(statistics(pairs.map(([our, their]) => their / our)).median),
    reason: null,
  };
}

/** A first run with each tail may compile something: the second counts. Scores for a frame that is long with them or without. */
async function fasterTail(theirs: Engine): Promise<Tail> {
  if ((await theirs.run('classes')) > LONG_MS) return 'scores';
  const [classes, scores] = [await theirs.run('classes'), await theirs.run('scores')];
  return classes < scores ? 'classes' : 'scores';
}
