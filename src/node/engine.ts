// A device in Node with the shaders beside it: what the command line and `atrous/node` work on.
import { openDevice } from '../gpu/device.ts';
import { embedded } from '../shader/library.ts';
import type { ShaderLibrary } from '../shader/source.ts';
import { type AdapterOptions, type OpenedAdapter, openAdapter } from './dawn.ts';

/** The embedded shaders of a build; in the repository the files of `shaders/`. */
export async function shaderLibrary(): Promise<ShaderLibrary> {
  return embedded ?? (await import('./shader-files.ts')).fileLibrary();
}

export interface NodeDevice {
  readonly device: GPUDevice;
  readonly software: boolean;
  /** Where the adapter came from, for people. */
  readonly source: string;
  /** One line for stderr that says why the adapter is no better one. */
  readonly note?: string;
}

/** Dawn's objects behind the devices that are in use: a collected one takes its threads with it, in the middle of their work. */
const held = new Set<OpenedAdapter>();

/**
 * Milliseconds from a device's end to letting go of its driver, whose threads are then still at their own ends: without, one of two dozen processes
 * that opened a device for a moment crashed as it ended, on a loaded machine; with, none of 120.
 */
export const SETTLE = 200;

/** Opens an adapter as the options ask and a device on it. Destroying the device lets go of Dawn, which would keep the process alive. */
export async function nodeDevice(options: AdapterOptions = {}): Promise<NodeDevice> {
  const opened = await openAdapter(options);
  const device = await openDevice(opened.adapter);
  if (opened.software) restWhileBusy(device);
  held.add(opened);
  void device.lost.then(() => {
    setTimeout(() => {
      held.delete(opened);
      opened.release();
    }, SETTLE);
  });
  return { device, software: opened.software, source: opened.source, note: opened.note };
}

/** Milliseconds of sleep in each turn of the event loop while a software adapter works. */
const REST = 1;

/**
 * While anything is awaited, Dawn asks for it in every turn of Node's event loop, which then turns as fast as it can: that takes a core from
 * an adapter that draws and compiles on the CPU (RegSeg 128×256 on two cores: 1.4 times as long a frame). Here each turn sleeps, once:
 * work that begins before the next turn has found none is rested for by that turn.
 */
function restWhileBusy(device: GPUDevice): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  let busy = 0;
  let turning = false;
  const turn = (): void => {
    turning = busy > 0;
    if (!turning) return;
    Atomics.wait(never, 0, 0, REST);
    setImmediate(turn);
  };
  const restUntil = <T>(work: Promise<T>): Promise<T> => {
    busy++;
    if (!turning) setImmediate(turn);
    turning = true;
    const done = (): void => {
      busy--;
    };
    work.then(done, done);
    return work;
  };
  const { queue } = device;
  const submit = queue.submit.bind(queue);
  const compile = device.createComputePipelineAsync.bind(device);
  queue.submit = buffers => {
    submit(buffers);
    restUntil(queue.onSubmittedWorkDone());
  };
  device.createComputePipelineAsync = descriptor => restUntil(compile(descriptor));
}
