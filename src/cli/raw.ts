// Frames through a pipe: rgb24 on stdin, class maps on stdout, so that `ffmpeg … -f rawvideo -pix_fmt rgb24 - | atrous segment --raw HxW | …` works.
import { once } from 'node:events';
import { AtrousError } from '../errors.ts';
import { MOST_PIXELS } from '../node/photograph.ts';
import type { Segmenter } from '../segmenter.ts';
import { type Inside, parseSize } from './command.ts';
import type { Output } from './output.ts';

export interface Frame {
  readonly h: number;
  readonly w: number;
}

/** Throws `BAD_USAGE` for a size that is none, and `LIMIT` for one of more pixels than a picture may have. */
export function frameSize(text: string): Frame {
  const { h, w } = parseSize('--raw', text);
  if (h * w <= MOST_PIXELS) return { h, w };
  throw new AtrousError(
    'LIMIT',
    `--raw ${text}: ${h * w} pixels a frame, and at most ${MOST_PIXELS} are read: give smaller frames`,
  );
}

/**
 * Segments frames of h×w×3 bytes until stdin ends, in their order; the next frame is read while one is on the device. A consumer that
 * closes the pipe ends it. Throws `BAD_IMAGE` when stdin is empty or ends within a frame, and `LIMIT`, before a frame is held, for those that do not fit
 * the adapter.
 */
export async function segmentFrames(segmenter: Segmenter, { h, w }: Frame, inside: Inside, out: Output): Promise<number> {
  const input = process.stdin[Symbol.asyncIterator]();
  let closed = false;
  process.stdout.on('error', () => {
    closed = true;
  });
  let count = 0;
  let pending: Promise<Uint8Array> | null = null;
  const write = async (): Promise<void> => {
    const classes = await pending;
    if (!classes || closed) return;
    out.progress(`${++count} frames`);
    if (!process.stdout.write(classes)) await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
  };
  try {
    const first = await input.next();
    if (first.done)
      throw new AtrousError('BAD_IMAGE', `--raw: stdin is empty: not one frame of ${h}x${w} came; does what writes it work?`);
    await segmenter.prepare({ height: h, width: w }, inside);
    for await (const data of frames(first.value, { [Symbol.asyncIterator]: () => input }, h * w * 3)) {
      await write();
      if (closed) break;
      pending = segmenter.segment({ data, width: w, height: h }, inside).then(({ classes }) => classes);
      // Its error is met when it is written.
      pending.catch(() => {});
    }
  } finally {
    // The frames before one that is cut off are whole.
    await write();
    // A stream that is left half-read would keep the process.
    await input.return?.();
  }
  out.note(`${count} frames of ${h}x${w}`);
  return 0;
}

/** Cuts a stream, of which a piece was read already, into frames of `length` bytes. */
async function* frames(begun: Uint8Array, rest: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let frame = new Uint8Array(length);
  let [filled, number] = [0, 0];
  for await (const chunk of joined(begun, rest)) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + length - filled);
      frame.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < length) continue;
      yield frame;
      number++;
      frame = new Uint8Array(length);
      filled = 0;
    }
  }
  if (filled > 0) {
    throw new AtrousError(
      'BAD_IMAGE',
      `--raw: stdin ended within frame ${number}, after ${filled} of its ${length} bytes; is the size height×width?`,
    );
  }
}

async function* joined(begun: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield begun;
  yield* rest;
}
