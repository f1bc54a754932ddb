// Between a value's bytes on the device and plain arrays: channels first outside, the plan's layout inside.
import { decodeBlocks, encodeBlocks } from '../graph/block.ts';
import { classRow, type Placement } from '../graph/layout.ts';
import type { Plan } from '../plan/plan.ts';
import type { Codec } from '../shader/source.ts';
import { encodeFloat16, float16ToNumber } from '../weights/tensor.ts';
import { BufferUsage, READ } from './flags.ts';

/** Rows of a texture lie at multiples of so many bytes in a buffer. */
const ROW = 256;

/** c×h×w float32 → the bytes of a value that lies alone in its slot (a map in storage precision, or exact float32). */
export function encodeValue(data: ArrayLike<number>, place: Placement, precision: Codec): Uint8Array<ArrayBuffer> {
  const { c, h, w, stride } = place;
  const pixels = h * w;
  const values = new Float32Array(pixels * stride * 4);
  for (let channel = 0; channel < c; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) values[pixel * stride * 4 + channel] = data[channel * pixels + pixel];
  }
  if (place.kind === 'exact' || precision === 'f32') return new Uint8Array(values.buffer);
  return precision === 'block' ? encodeBlocks(values) : (encodeFloat16(values) as Uint8Array<ArrayBuffer>);
}

/** The bytes of a slot → the value's c×h×w float32. */
export function decodeValue(bytes: ArrayBuffer, place: Placement, precision: Codec): Float32Array {
  const { c, h, w, stride, offset } = place;
  const pixels = h * w;
  const values = new Float32Array(c * pixels);
  const halves = place.kind !== 'exact' && (precision === 'half' || precision === 'f16');
  const blocks = place.kind !== 'exact' && precision === 'block';
  const source = halves ? new Uint16Array(bytes) : blocks ? decodeBlocks(bytes) : new Float32Array(bytes);
  const decode = halves ? float16ToNumber : (n: number) => n;
  for (let channel = 0; channel < c; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++)
      values[channel * pixels + pixel] = decode(source[(pixel * stride + offset) * 4 + channel]);
  }
  return values;
}

/** A class map's bytes without the padding of its rows: h×w. */
export function decodeClasses(bytes: ArrayBuffer, { h, w }: { readonly h: number; readonly w: number }): Uint8Array {
  const classes = new Uint8Array(h * w);
  for (let y = 0; y < h; y++) classes.set(new Uint8Array(bytes, y * classRow(w), w), y * w);
  return classes;
}

/** What is needed of a program that has run. */
interface Ran {
  readonly plan: Plan;
  buffer(value: string): GPUBuffer;
}

/** A value of a program that has run, as c×h×w float32. */
export async function readValue(device: GPUDevice, { plan, buffer }: Ran, value: string): Promise<Float32Array> {
  return decodeValue(await readBuffer(device, buffer(value)), plan.values[value], plan.precision);
}

/** The class map of a program that has run. */
export async function readClasses(device: GPUDevice, { plan, buffer }: Ran): Promise<Uint8Array> {
  return decodeClasses(await readBuffer(device, buffer('classes')), plan.values.classes);
}

/** A copy of a buffer in memory. */
export async function readBuffer(device: GPUDevice, buffer: GPUBuffer): Promise<ArrayBuffer> {
  const staging = device.createBuffer({ label: 'readback', size: buffer.size, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(READ);
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}

/** A texture of four bytes a pixel (usage COPY_SRC) in memory, without the padding of its rows. */
export async function readTexture(device: GPUDevice, texture: GPUTexture): Promise<Uint8Array<ArrayBuffer>> {
  const { width: w, height: h } = texture;
  const bytesPerRow = Math.ceil((w * 4) / ROW) * ROW;
  const staging = device.createBuffer({
    label: 'readback',
    size: bytesPerRow * h,
    usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture }, { buffer: staging, bytesPerRow }, [w, h]);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(READ);
    const bytes = new Uint8Array(staging.getMappedRange());
    const pixels = new Uint8Array(w * h * 4);
    for (let y = 0; y < h; y++) pixels.set(bytes.subarray(y * bytesPerRow, y * bytesPerRow + w * 4), y * w * 4);
    return pixels;
  } finally {
    staging.destroy();
  }
}
