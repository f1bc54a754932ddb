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
  /** One line for stderr that explains what Dawn has printed there by itself. */
  readonly note?: string;
}

/** Dawn's objects behind the devices that are in use: a collected one takes its threads with it, in the middle of their work. */
const held = new Set<OpenedAdapter>();

/** Opens an adapter as the options ask and a device on it. Destroying the device lets go of Dawn, which would keep the process alive. */
export async function nodeDevice(options: AdapterOptions = {}): Promise<NodeDevice> {
  const opened = await openAdapter(options);
  const device = await openDevice(opened.adapter);
  held.add(opened);
  void device.lost.then(() => {
    held.delete(opened);
    opened.release();
  });
  return { device, software: opened.software, source: opened.source, note: opened.note };
}
