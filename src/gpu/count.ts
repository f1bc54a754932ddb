// A class map on the device, counted.
import { shares } from '../kernels/shares.ts';
import type { Engine } from './executor.ts';
import { dispatching, finishBuffer, using } from './finish.ts';
import { BufferUsage } from './flags.ts';
import { readBuffer } from './transfer.ts';

/** Pixels of each of the 256 possible classes. */
export function countPixels(engine: Engine, classes: GPUTexture): Promise<Uint32Array> {
  const { device } = engine;
  return using(async made => {
    const count = await dispatching(engine, shares, { h: classes.height, w: classes.width }, made);
    const y = finishBuffer(device, 256 * 4, BufferUsage.STORAGE | BufferUsage.COPY_SRC, made);
    const encoder = device.createCommandEncoder();
    count({ classes: classes.createView(), y: { buffer: y } })(encoder);
    device.queue.submit([encoder.finish()]);
    return new Uint32Array(await readBuffer(device, y));
  });
}
