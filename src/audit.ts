// The precision that `auto` stands for. Sums are float32 everywhere, but maps stored as halves overflow beyond 65504 and round to 11 bits,
// and whether a network bears that is a matter of its weights. So speed alone decides nothing: the card's self-test has to hold as well.
import { AtrousError } from './errors.ts';
import { planesOn, prepare, submit } from './gpu/executor.ts';
import { TextureUsage } from './gpu/flags.ts';
import { readClasses } from './gpu/transfer.ts';
import type { Graph } from './graph/graph.ts';
import { fuse } from './passes/index.ts';
import { lowering, type Material } from './pipeline.ts';
import { fastestOn, type Tuned, targetOf, tuned } from './plan/choose.ts';
import { lower } from './plan/lower.ts';
import type { Plan } from './plan/plan.ts';
import type { Precision } from './shader/source.ts';
import type { Check } from './weights/card.ts';
import { agreement, type Difference, firstDifference } from './weights/runs.ts';
import { seededInput, seededPixels } from './weights/seeded.ts';

export interface Audit {
  readonly precision: Precision;
  /** Share of the self-test's pixels with the expected class, in the worst of the frames. */
  readonly agreement: number;
  /** What the card asks for. */
  readonly least: number;
  readonly passed: boolean;
  /** The worst frame, from 1 on, and the first of its pixels that is another class than it should be. */
  readonly worst: { readonly frame: number; readonly pixel: Difference | null };
}

/** A frame's plan and what it reads. */
export interface Trial {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly check: Check;
}

/** The card's self-test as the plan that pictures of its size get; of tiles it is that but for the stem. Null for a card without one. Throws as `lower` does. */
export function trialOf(material: Material): Trial | null {
  const { network, card } = material;
  const { check } = card;
  if (!check) return null;
  const graph = fuse(network.build({ h: check.height, w: check.width }), targetOf(material));
  const stem = network.tile ? 'tensor' : 'texture';
  return { graph, plan: lower(graph, { ...lowering(material), stem, margin: network.tile?.margin }), check };
}

/**
 * The card's self-test on a device in one precision: the seeded input, so many times, and the share of equal classes. Null for a card without one. Throws as
 * `lower` and `prepare` do.
 */
export async function audit(
  material: Material,
  {
    signal,
    frames = 1,
    trial = trialOf(material),
  }: { readonly signal?: AbortSignal; readonly frames?: number; readonly trial?: Trial | null } = {},
): Promise<Audit | null> {
  const { engine, precision, read, onCompile } = material;
  if (!trial) return null;
  const { graph, plan, check } = trial;
  const input = inputOn(material, check);
  const frame = 'createView' in input ? input.createView() : input;
  try {
    const program = await prepare(engine, graph, plan, read, frame, { signal, onProgress: onCompile });
    try {
      const audits: Audit[] = [];
      for (let frame = 1; frame <= frames; frame++) {
        submit(engine.device, program);
        const classes = await readClasses(engine.device, program);
        const share = agreement(classes, check.classes);
        const worst = { frame, pixel: firstDifference(classes, check.classes) };
        audits.push({ precision, agreement: share, least: check.agreement, passed: share >= check.agreement, worst });
      }
      return audits.reduce((worst, each) => (each.agreement < worst.agreement ? each : worst));
    } finally {
      program.destroy();
    }
  } finally {
    input.destroy();
  }
}

/** The seeded input as a picture in float32, or as what tiles are made of. */
function inputOn({ engine, card, network }: Material, { seed, height: h, width: w }: Check): GPUBuffer | GPUTexture {
  if (network.tile) return planesOn(engine, Float32Array.from(seededInput(seed, { h, w }, card.preprocessing)));
  const { device } = engine;
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  const texture = device.createTexture({ label: 'self-test', size: [w, h], format: 'rgba32float', usage });
  device.queue.writeTexture({ texture }, seededPixels(seed, { h, w }, card.preprocessing), { bytesPerRow: w * 16 }, [w, h]);
  return texture;
}

/**
 * The precision that was measured to be fastest on adapters of this kind, if the self-test holds in it; else, where nothing was measured, and where the
 * device refuses its programs or has no room for it, f32. Throws `ABORTED`.
 */
export async function settle(
  material: Omit<Material, 'precision'>,
  table: Tuned = tuned,
  signal?: AbortSignal,
): Promise<Precision> {
  const fastest = fastestOn(material.facts, table);
  if (fastest === 'f32') return 'f32';
  try {
    return (await audit({ ...material, precision: fastest }, { signal }))?.passed ? fastest : 'f32';
  } catch (error) {
    if (error instanceof AtrousError && (error.code === 'LIMIT' || error.code === 'BAD_SHADER')) return 'f32';
    throw error;
  }
}
