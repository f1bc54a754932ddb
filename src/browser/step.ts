// What a stream does with a frame on the model's device: copied in, segmented, drawn and shown by one submit, in the order of the frames. Once the first of a
// size has gone through, none makes an object of the device.
import type { Lender, Lent, Stepped, StreamOptions } from '../front/live.ts';
import type { SegmentOptions } from '../front/options.ts';
import { resultOf } from '../front/result.ts';
import type { Taker } from '../front/taken.ts';
import type { Program } from '../gpu/executor.ts';
import { BufferUsage, READ, TextureUsage } from '../gpu/flags.ts';
import type { Smoother } from '../gpu/smooth.ts';
import { timer } from '../gpu/timing.ts';
import { decodeClasses } from '../gpu/transfer.ts';
import { classRow } from '../graph/layout.ts';
import type { Size } from '../image/size.ts';
import { shareOf } from '../kernels/smooth.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Screen, screen, taken, textureOf } from './draw.ts';
import { chosen } from './look.ts';
import type { Step } from './pump.ts';
import type { Canvas } from './types.ts';

type Reader = (encoder: GPUCommandEncoder) => () => Promise<Uint8Array>;

/** What frames of a size need on a device. */
interface Kit {
  readonly device: GPUDevice;
  readonly size: Size;
  readonly screen: Screen;
  readonly classes: GPUTexture;
  /** Null unless it is asked for. */
  readonly matte: GPUTexture | null;
  readonly pipeline: Pipeline;
  /** Null unless it is asked for. */
  readonly smoother: Smoother | null;
  draw(encoder: GPUCommandEncoder, picture: GPUTexture): void;
  /** Record what reads the classes and the matte back; the promises are for after the submit. */
  readonly read: readonly Reader[];
  /** Surrounds what `record` records; gives milliseconds after the submit, null where there is no clock, or it is still at an earlier frame. */
  timed(encoder: GPUCommandEncoder, record: () => void): () => Promise<number | null>;
  destroy(): void;
}

/** Throws `BAD_USAGE` for options of `draw` that are none. */
export function frameStep(lender: Lender, canvas: Canvas, options: StreamOptions): Step {
  const { size, tile, threshold, matte = false, smoothing, onResult, most: _most, onError: _onError, ...drawn } = options;
  const own: SegmentOptions = { size, tile, threshold, matte };
  const { card } = lender;
  const { look, background } = chosen(
    { labels: card.classes, palette: card.palette, matte: matte ? new Uint8Array() : null },
    drawn,
  );
  let kit: Kit | null = null;
  /** The frame before, where scores are averaged. */
  let last: { readonly kit: Kit; readonly time: number } | null = null;

  const kitFor = async (on: Taker & Lent, pipeline: Pipeline, wanted: Size): Promise<Kit> => {
    const { device, finisher } = on;
    if (kit && kit.device === device && kit.pipeline === pipeline && kit.size.h === wanted.h && kit.size.w === wanted.w) return kit;
    kit?.destroy();
    kit = null;
    const made: { destroy(): void }[] = [];
    const held: { release(): void }[] = [];
    const destroy = (): void => {
      for (const thing of made) thing.destroy();
      for (const thing of held) thing.release();
    };
    try {
      const behind =
        look.background.kind === 'picture' ? await textureOf(await taken(background, 'background', on, held), on, held) : null;
      const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_SRC | TextureUsage.COPY_DST;
      const [classes, alpha = null] = (matte ? ['classes', 'matte'] : ['classes']).map(label =>
        device.createTexture({ label, size: [wanted.w, wanted.h], format: 'r8uint', usage }),
      );
      const textures = alpha ? [classes, alpha] : [classes];
      made.push(...textures);
      const painter = await finisher.painter(look, look.matte ? alpha! : classes, behind);
      made.push(painter);
      const shown = screen(canvas, device);
      const readers = textures.map(texture => byteReader(device, texture));
      const clock = stopwatch(device);
      const smoother = smoothing === undefined ? null : await pipeline.smoother();
      if (smoother) made.push(smoother);
      made.push(...readers, clock);
      kit = {
        ...{ device, pipeline, smoother, size: wanted, screen: shown, classes, matte: alpha, destroy },
        draw: (encoder, picture) => painter.encode(encoder, picture, shown.next(wanted)),
        read: readers.map(({ read }) => read),
        timed: clock.timed,
      };
      return kit;
    } catch (error) {
      destroy();
      throw error;
    }
  };

  // Frames take turns up to their submit: a kit is never exchanged under one that is about to use it.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  };

  return {
    run: (picture, time) =>
      lender.frame(picture, own, async (frame, pipeline, lent): Promise<Stepped> => {
        const on = { ...lent, external: false };
        const start = performance.now();
        const { device } = on;
        const held: { release(): void }[] = [];
        try {
          // Wrapped, or the turn would last until the device is done.
          const { done } = await inTurn(async () => {
            const now = await kitFor(on, pipeline, frame.size);
            const texture = await textureOf(frame, on, held);
            if (smoothing !== undefined) {
              // By the source's own clock, so that a seek leaves as little of what was before as it should.
              now.smoother!.weigh(last?.kit === now ? shareOf(time - last.time, smoothing) : 1);
              last = { kit: now, time };
            }
            const encoder = device.createCommandEncoder();
            let read: (() => Promise<Uint8Array>)[] = [];
            const measured = now.timed(encoder, () => {
              pipeline.encode(encoder, texture, { into: now.classes, threshold, smoother: now.smoother ?? undefined });
              if (now.matte) copyMatte(encoder, pipeline.program!, now.matte);
              now.draw(encoder, texture);
              if (onResult) read = now.read.map(back => back(encoder));
            });
            device.queue.submit([encoder.finish()]);
            now.screen.show();
            return {
              done: Promise.all([measured(), Promise.all(read.map(back => back())), device.queue.onSubmittedWorkDone()]),
            };
          });
          const [gpuMs, [classes, alpha = null]] = await done;
          const ms = performance.now() - start;
          const result =
            classes &&
            resultOf<'classes'>(
              { classes, texture: null, scores: null, matte: alpha, raw: null },
              frame.size,
              card,
              lender.info(frame, pipeline, lent, own, ms),
              lender.ties(picture),
            );
          return { copy: frame.copy, gpuMs, result };
        } finally {
          for (const thing of held) thing.release();
        }
      }),
    close() {
      void inTurn(async () => kit?.destroy());
    },
  };
}

/** Its bytes lie in their buffer as classes do. */
function copyMatte(encoder: GPUCommandEncoder, { buffer, plan }: Program, texture: GPUTexture): void {
  const { width: w, height: h } = texture;
  const { start: offset } = plan.values.matte;
  encoder.copyBufferToTexture({ buffer: buffer('matte'), offset, bytesPerRow: classRow(w) }, { texture }, [w, h]);
}

/** Class maps and mattes back in memory, through as many buffers as are under way. */
function byteReader(device: GPUDevice, texture: GPUTexture): { readonly read: Reader; destroy(): void } {
  const { height: h, width: w } = texture;
  const bytesPerRow = classRow(w);
  const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
  const free: GPUBuffer[] = [];
  let gone = false;
  return {
    read(encoder) {
      const staging = free.pop() ?? device.createBuffer({ label: 'readback', size: h * bytesPerRow, usage });
      encoder.copyTextureToBuffer({ texture }, { buffer: staging, bytesPerRow }, [w, h]);
      return async () => {
        await staging.mapAsync(READ);
        const classes = decodeClasses(staging.getMappedRange(), { h, w });
        staging.unmap();
        if (gone) staging.destroy();
        else free.push(staging);
        return classes;
      };
    },
    destroy() {
      gone = true;
      for (const buffer of free) buffer.destroy();
    },
  };
}

/** Timestamps of a frame in two passes around it. */
function stopwatch(device: GPUDevice): Pick<Kit, 'timed' | 'destroy'> {
  const clock = timer(device, 1);
  let [running, gone] = [false, false];
  return {
    timed(encoder, record) {
      if (!clock || running) {
        record();
        return async () => null;
      }
      running = true;
      const { querySet, beginningOfPassWriteIndex, endOfPassWriteIndex } = clock.writes(0);
      encoder.beginComputePass({ timestampWrites: { querySet, beginningOfPassWriteIndex } }).end();
      record();
      encoder.beginComputePass({ timestampWrites: { querySet, endOfPassWriteIndex } }).end();
      clock.resolve(encoder);
      return async () => {
        try {
          return (await clock.read())[0] / 1e6;
        } catch (error) {
          // Another size has come, and the clock with it.
          if (gone) return null;
          throw error;
        } finally {
          running = false;
        }
      };
    },
    destroy() {
      gone = true;
      clock?.destroy();
    },
  };
}
