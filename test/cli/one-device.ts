// The software adapter compiles a network's pipelines for ten seconds, on every device anew. Here all commands and models of a test
// process get one and the same software device, which keeps its pipelines. Where there is a real adapter nothing is changed.
import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { openDevice } from '../../src/gpu/device.ts';
import { openAdapter } from '../../src/node/dawn.ts';
import { softwareDawn } from '../../src/node/software.ts';
import type { Dawn } from '../../src/node/webgpu.ts';

/** Returns what ends it: without, the process stays. Null where there is no adapter at all, after a line that says so. */
export async function shareDevice(): Promise<(() => void) | null> {
  const opened = await openAdapter().catch(error => {
    console.log(`skipped: no adapter: ${error.message}`);
    return null;
  });
  if (!opened) return null;
  if (!opened.source.startsWith('SwiftShader')) {
    opened.release();
    return () => {};
  }
  const { adapter } = opened;
  const { info, features, limits } = adapter;
  const { dawn } = (await softwareDawn()) as { dawn: { create: Dawn['create'] } };
  const device = await openDevice(adapter);
  const { create } = dawn;
  const destroy = device.destroy.bind(device);
  const compile = device.createComputePipelineAsync.bind(device);
  const compiled = new Map<string, Promise<GPUComputePipeline>>();
  device.createComputePipelineAsync = descriptor => {
    const label = descriptor.label!; // the engine's key: shader, precision and overrides
    const known = compiled.get(label) ?? compile(descriptor);
    compiled.set(label, known);
    return known;
  };
  device.destroy = () => undefined;
  const lent = { info, features, limits, requestDevice: async () => device };
  dawn.create = () => ({ requestAdapter: async () => lent }) as unknown as GPU;
  return () => {
    dawn.create = create;
    destroy();
    opened.release();
  };
}

/** From here on the user's cache is that folder. The software adapter is linked there: unpacked anew it would be another, which shares no device. */
export async function keepIn(cache: string): Promise<void> {
  const software = await softwareDawn().catch(() => null);
  if (software) {
    mkdirSync(join(cache, 'atrous'), { recursive: true, mode: 0o700 });
    symlinkSync(software.folder, join(cache, 'atrous', basename(software.folder)));
  }
  process.env.XDG_CACHE_HOME = cache;
  assert.is((await softwareDawn().catch(() => null))?.dawn, software?.dawn);
}
