// The front door in a browser (and safe to import anywhere): load a model, give it pixels, get classes.
import { browserAdapter } from './browser/adapter.ts';
import { drawOnPage } from './browser/draw.ts';
import { cached, memory } from './browser/storage.ts';
import { readySources, takeFromPage } from './browser/take.ts';
import { builtIns } from './builtin.ts';
import { type Cache, cacheOf } from './front/cache.ts';
import { live } from './front/live.ts';
import { loadOn } from './front/load.ts';
import type { LoadOptions, Source } from './front/load-options.ts';
import { openDevice } from './gpu/device.ts';
import type { Support } from './gpu/support.ts';
import type { IdentityOptions } from './models/identity.ts';
import type { Plan } from './plan/plan.ts';
import type { Segmenter } from './segmenter.ts';
import { embedded, unembedded } from './shader/library.ts';
import { type DownloadOptions, download } from './weights/download.ts';
import type { Tensor } from './weights/tensor.ts';

export { AtrousError, type ErrorCode } from './errors.ts';
export type { Cache } from './front/cache.ts';
export type { LoadOptions, Source } from './front/load-options.ts';
export type { Profile, ProfileStep } from './front/profile.ts';
export type { Support } from './gpu/support.ts';
export type { Tiling } from './image/tiles.ts';
export type { IdentityOptions } from './models/identity.ts';
export type { Scores } from './pipeline.ts';
export type { AdapterFacts, VariantChoice } from './plan/choose.ts';
export type { Plan, Step } from './plan/plan.ts';
export type {
  Copy,
  DrawOptions,
  Loss,
  Picture,
  Pixels,
  Progress,
  Segmenter,
  SegmentInfo,
  SegmentOptions,
  SegmentResult,
  Stream,
  StreamOptions,
  StreamStats,
} from './segmenter.ts';
export type { SelfTest } from './self-test.ts';
export type { Precision } from './shader/source.ts';
export type { Card, Colour, PartialCard } from './weights/card.ts';
export type { CachedFile } from './weights/kept.ts';
export type { Tensor, Tensors } from './weights/tensor.ts';

/**
 * Loads a model: fetches and checks its weights, opens a device (or takes `options.device`).
 * Throws `NO_ADAPTER` where WebGPU is missing, `BAD_WEIGHTS`, `BAD_USAGE` for unknown names, `ABORTED`.
 */
export async function load(source: Source, options?: LoadOptions): Promise<Segmenter> {
  // Of a name by itself there is nothing to check.
  const plain = options === undefined && source && typeof source === 'string';
  const given = plain ? { source, options: {} } : await (await import('./front/given.ts')).readLoad(source, options);
  if (unembedded) throw unembedded();
  return loadOn(
    {
      library: embedded!,
      ready: browserAdapter,
      openDevice: async () => openDevice(await browserAdapter()),
      page: {
        take: takeFromPage,
        ready: readySources,
        draw: drawOnPage,
        stream: (lender, source, canvas, options, over) =>
          live(
            async stop => (await import('./browser/stream.ts')).streamOnPage(lender, source, canvas, options, stop),
            options,
            over,
          ),
      },
      fetch: fetchWeights,
      memory,
      driver: async () => navigator.userAgent,
    },
    given.source,
    given.options,
  );
}

/**
 * What `load` will find in this page: whether there is a device, else why not and what to do; the adapter, its features, and the precisions that models can
 * have on it. It loads no model and never throws.
 */
export async function support(): Promise<Support> {
  return (await import('./browser/support.ts')).support();
}

/** A plan as a table: a line a step, and what it all costs. Throws `BAD_USAGE` for what is no plan. */
export async function printPlan(plan: Plan): Promise<string> {
  return (await import('./plan/print.ts')).printPlan(plan);
}

/** What `load` has kept in this origin's storage. */
export const cache: Cache = cacheOf(() => import('./browser/kept.ts'));

/** A bare word is no URL that anyone means. */
async function fetchWeights(url: string | URL, options: DownloadOptions): Promise<Uint8Array> {
  if (typeof url === 'string' && /^[\w-]+$/.test(url)) throw (await import('./builtin-faults.ts')).noName(url, builtIns.keys());
  return download(url, options, cached);
}

/**
 * First weights of the context module of a network such as `dilation8_camvid`, as the paper has them: the identity, with noise if asked. Throws
 * `BAD_USAGE` for networks without a context module, and numbers out of range.
 */
export async function identityInit(model: string, options?: IdentityOptions): Promise<Map<string, Tensor>> {
  return (await import('./models/identity.ts')).identityInit(model, options);
}
