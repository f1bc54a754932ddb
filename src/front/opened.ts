// A model on a device, from opening to closing, and what happens when the device is lost: it is replaced and the call repeated once.
import { AtrousError, checkSignal } from '../errors.ts';
import { factsOf, learnMatrices } from '../gpu/device.ts';
import { createEngine, destroyEngine, type Engine } from '../gpu/executor.ts';
import { createFinisher, type Finisher } from '../gpu/finish.ts';
import { type FrameRing, frameRing } from '../gpu/frames.ts';
import { constantReader } from '../graph/constant.ts';
import { OCTETS } from '../kernels/kernel.ts';
import type { Runnable } from '../models/network.ts';
import { type AdapterFacts, fastestOn, type Tuned, targetOf, type VariantChoice } from '../plan/choose.ts';
import { fetchBarriers, fetchMatrices, fetchOctets } from '../plan/fetch.ts';
import { type Memory, passedBefore, type SelfTest, type Subject, selfTest } from '../self-test.ts';
import type { Precision, ShaderLibrary } from '../shader/source.ts';
import type { Card } from '../weights/card.ts';
import { type Tensors, toFloat64 } from '../weights/tensor.ts';
import type { SegmentOptions } from './options.ts';
import type { Page } from './page.ts';
import { createSizes, type Sizes } from './sizes.ts';

/** What a segmenter is made of. */
export interface Parts {
  readonly network: Runnable;
  readonly tensors: Tensors;
  readonly card: Card;
  /** What was assumed of the weights; default: nothing. */
  readonly assumed?: string | null;
  readonly library: ShaderLibrary;
  /** `auto` is settled on every device anew. */
  readonly precision: Precision | 'auto';
  /** What it is called, where that is another: of weights in int8 codes, beside which numbers are stored in f32. */
  readonly stated?: 'int8';
  /** Of such weights: finds out what a device's language has for them. */
  learn?(device: GPUDevice): Promise<void>;
  readonly variants: VariantChoice;
  /** What adapters are known to be fastest at; default: what ships. */
  readonly tuned?: Tuned;
  /** A new device of the segmenter's own, or the caller's. */
  openDevice(): Promise<GPUDevice>;
  /** A program's: errors name options without the dashes that the command line has before them. */
  readonly program?: boolean;
  /** What pages have beside pixels and textures; default: nothing. */
  readonly page?: Page;
  /** True for the caller's device: never destroyed, never replaced. */
  readonly borrowed: boolean;
  /** Whether classes are held to the card's self-test before anybody sees them; default: not. `memory`: of what passed. */
  readonly selfTest?: SelfTest;
  memory?(): Promise<Memory | null>;
  /** What the platform knows of what is below the adapter. */
  driver?(): Promise<string>;
  /** Is told of every loss, as it happens. */
  onLost?(loss: Loss): void;
}

/** A device that is gone: a driver that was reset, a browser's graphics process that crashed, a caller who destroyed it. */
export interface Loss {
  /** `destroyed` by somebody's call, else `unknown`. */
  readonly reason: GPUDeviceLostReason;
  /** The browser's or driver's words. */
  readonly message: string;
  /** True: the next call opens another device and goes on, and so do calls under way. False: the device was passed in, and the model is over with it. */
  readonly recovers: boolean;
}

export interface Opened {
  readonly device: GPUDevice;
  readonly engine: Engine;
  readonly facts: AdapterFacts;
  /** Settled before anybody sees it. */
  precision: Precision;
  readonly sizes: Sizes;
  /** What sources are copied into. */
  readonly ring: FrameRing;
  readonly finisher: Finisher;
  /** Settles when the self-test is over, beside everything else. */
  tested: Promise<void>;
  lost: boolean;
  /** By the model itself: then its loss is nobody's news. */
  closed: boolean;
}

/** A model's present device. */
export interface Survivor {
  /** The newest; rejects where the device could not be replaced. */
  opened(): Promise<Opened>;
  /** The newest that was opened. */
  latest(): Opened;
  /** The work's value. Throws `DEVICE_LOST` for a borrowed device, and where the one that replaced it is lost as well. */
  attempt<T>(work: (opened: Opened) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens the first device. Throws `ABORTED`, and `DEVICE_LOST` when it goes while `auto` is settled on it. */
export async function survive(parts: Parts, options: Pick<SegmentOptions, 'signal' | 'onProgress'>): Promise<Survivor> {
  const first = await open(parts, options);
  let present = Promise.resolve(first);
  let latest = first;

  /** Of several calls that met the loss the first replaces the device. Where that fails the next call tries again. */
  const replace = (lost: Promise<Opened>): void => {
    if (present !== lost) return;
    present = reopen(parts);
    present.then(
      fresh => {
        latest = fresh;
      },
      () => {
        present = lost;
      },
    );
  };

  return {
    opened: () => present,
    latest: () => latest,
    async attempt(work) {
      const current = present;
      const once = await unlessLost(await current, work);
      if (once !== LOST) return once;
      if (parts.borrowed) throw (await import('./lost.ts')).borrowed();
      replace(current);
      const again = await unlessLost(await present, work);
      if (again === LOST) throw (await import('./lost.ts')).again();
      return again;
    },
    close: async () => close(await present, parts.borrowed),
  };
}

/** Milliseconds before the second try for another device; the wait doubles each time. A crashed graphics process takes a fifth of a second to be replaced. */
const WAIT = 100;
const TRIES = 6;

/** Opens a device after a loss: adapters may be a while in coming back. */
async function reopen(parts: Parts): Promise<Opened> {
  for (let tried = 1; ; tried++) {
    try {
      return await open(parts);
    } catch (error) {
      const passes = error instanceof AtrousError && (error.code === 'NO_ADAPTER' || error.code === 'DEVICE_LOST');
      if (!passes || tried === TRIES) throw error;
    }
    await new Promise(resolve => setTimeout(resolve, WAIT * 2 ** (tried - 1)));
  }
}

async function open(parts: Parts, { signal, onProgress }: Pick<SegmentOptions, 'signal' | 'onProgress'> = {}): Promise<Opened> {
  const device = await parts.openDevice();
  await learnMatrices(device, device.adapterInfo);
  await parts.learn?.(device);
  const engine = createEngine(device, parts.library);
  const opened: Opened = {
    device,
    engine,
    facts: factsOf(device),
    precision: 'f32',
    sizes: createSizes(),
    ring: frameRing(device),
    finisher: createFinisher(engine),
    tested: Promise.resolve(),
    lost: false,
    closed: false,
  };
  void device.lost.then(({ reason, message }) => {
    opened.lost = true;
    if (!opened.closed) parts.onLost?.({ reason, message, recovers: !parts.borrowed });
  });
  const { precision, tensors, tuned, variants } = parts;
  const onCompile = (done: number, total: number): void => onProgress?.({ phase: 'compile', done, total });
  const auto = async (): Promise<Precision> => {
    // Then there is nothing to test.
    const fastest = fastestOn(opened.facts, tuned);
    if (fastest === 'f32') return 'f32';
    if (parts.selfTest === 'once' && (await passedBefore(await subjectOf(parts, opened, fastest)))) return fastest;
    const { settle } = await import('../settle.ts');
    return (await settle({ ...parts, ...opened, read: constantReader(tensors, toFloat64), onCompile }, tuned, signal)).precision;
  };
  const settled = async (): Promise<Precision> => (precision === 'auto' ? auto() : precision);
  try {
    if (targetOf({ ...opened, variants }).barriers) await fetchBarriers();
    if (opened.facts.features.includes(OCTETS)) await fetchOctets();
    if (opened.facts.matrices.length > 0 && precision !== 'f32') await fetchMatrices();
    const found = await unlessLost(opened, settled);
    checkSignal(signal);
    if (found === LOST) throw (await import('./lost.ts')).early();
    opened.precision = found;
    if (parts.selfTest) {
      opened.tested = tested(parts, opened);
      opened.tested.catch(() => {});
    }
    return opened;
  } catch (error) {
    await close(opened, parts.borrowed);
    throw error;
  }
}

async function subjectOf(parts: Parts, opened: Opened, precision: Precision): Promise<Subject> {
  const material = { ...parts, ...opened, precision, read: constantReader(parts.tensors, toFloat64) };
  const memory = parts.selfTest === 'once' ? ((await parts.memory?.()) ?? null) : null;
  return { material, tensors: parts.tensors, driver: (await parts.driver?.()) ?? '', memory };
}

async function tested(parts: Parts, opened: Opened): Promise<void> {
  await selfTest(await subjectOf(parts, opened, opened.precision));
}

async function close(opened: Opened, borrowed: boolean): Promise<void> {
  const { device, engine, sizes, ring } = opened;
  opened.closed = true;
  await opened.tested.catch(() => {});
  await sizes.destroy();
  ring.destroy();
  destroyEngine(engine);
  if (!borrowed) device.destroy();
}

const LOST = Symbol('lost');
/** Milliseconds within which a browser reports the loss that a failure came of: maps of buffers are rejected before it. */
const REPORTED = 250;

/** What the work gives, or `LOST` when the device is lost, before or meanwhile. */
async function unlessLost<T>(opened: Opened, work: (opened: Opened) => Promise<T>): Promise<T | typeof LOST> {
  if (opened.lost) return LOST;
  try {
    const value = await work(opened);
    await opened.tested;
    return value;
  } catch (error) {
    // The loss is reported beside the failure, not always before it; what is told as an error of ours has come later than both.
    const late = new Promise(resolve => setTimeout(resolve, error instanceof AtrousError ? 0 : REPORTED));
    await Promise.race([opened.device.lost, late]);
    if (!opened.lost) throw error;
    return LOST;
  }
}
