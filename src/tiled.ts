// DilatedNet's published prediction (fyu/dilation, predict.py): the picture gets a margin of its reflection, tiles of it go through one plan one
// after another, what they make is stitched, and the end reads the whole.

import { asking, checkWish, type Wish } from './asked.ts';
import { decider } from './decide.ts';
import { checkSignal, untilAborted } from './errors.ts';
import { prepare } from './gpu/executor.ts';
import { BufferUsage } from './gpu/flags.ts';
import { packed, update, updateFrom } from './gpu/parameters.ts';
import { smoother } from './gpu/smooth.ts';
import { INPUT } from './graph/graph.ts';
import { BINDING, byteLength } from './graph/layout.ts';
import { select } from './graph/select.ts';
import type { Size } from './image/size.ts';
import { type Tiling, tilesOf } from './image/tiles.ts';
import { CELL, endGraph } from './models/dilatednet.ts';
import { fuse } from './passes/index.ts';
import {
  binder,
  type Classified,
  classTexture,
  endReader,
  frameTexture,
  lowering,
  type Material,
  type Pipeline,
} from './pipeline.ts';
import { targetOf } from './plan/choose.ts';
import { lower } from './plan/lower.ts';
import { pipelines } from './plan/plan.ts';
import type { Params } from './shader/pack.ts';
import type { Tile } from './weights/card.ts';

/**
 * Scores, if wished for, are on the stitched grid; behind a transposed convolution at the picture's size. Throws `BAD_USAGE` for a tiling that leaves no
 * whole cells, and for what networks with tiles don't have.
 */
export async function tiledPicture(material: Material, picture: Size, tile: Tile, tiling: Tiling, wish: Wish): Promise<Pipeline> {
  checkWish(material.network, wish);
  const { engine, network, read, precision, onCompile } = material;
  const { device } = engine;
  const { rows, columns, size, step, margin } = tilesOf(picture, tile, tiling);
  const { value } = network.grid!;
  const whole = network.build(size);
  const graph = fuse(select(whole, [value]), targetOf(material));
  const plan = lower(graph, { ...lowering(material), stem: 'texture', frame: picture, margin });
  const cells = plan.values[value];
  const grid = { c: cells.c, h: rows * cells.h, w: columns * cells.w };
  const end = endGraph(network, { ...grid, to: picture, tile: rows * columns > 1 ? { h: cells.h, w: cells.w } : null });
  const cell = network.grid!.end === 'zoom' ? { height: CELL, width: CELL } : undefined;
  const asked = asking(end, wish, undefined, cell);
  const endFused = fuse(asked.graph, targetOf(material));
  const endPlan = lower(endFused, { ...lowering(material), stem: 'map' });
  const frame = await frameTexture(device, plan, picture);
  const made: { destroy(): void }[] = [frame];
  const destroy = (): void => {
    for (const thing of made) thing.destroy();
  };
  try {
    // To the caller both plans are one: the end's pipelines follow the tile's.
    const [first, all] = [pipelines(plan).size, pipelines(plan).size + pipelines(endPlan).size];
    const program = await prepare(engine, graph, plan, read, frame.createView(), { onProgress: done => onCompile?.(done, all) });
    made.push(program);
    const ending = await prepare(engine, endFused, endPlan, read, null, { onProgress: done => onCompile?.(first + done, all) });
    made.push(ending);
    const map = classTexture(device, ending, picture);
    made.push(map);
    const reader = endReader(device, ending, picture, map, asked);
    made.push(reader);
    const binding = binder(device, program, frame);
    const decide = decider(ending, endFused);
    const rowBytes = (w: number): number => byteLength({ c: grid.c, h: 1, w }, 'map', precision);
    const stitch = (encoder: GPUCommandEncoder, row: number, column: number): void => {
      const [source, target] = [program.buffer(value), ending.buffer(INPUT)];
      for (let y = 0; y < cells.h; y++) {
        const to = (row * cells.h + y) * rowBytes(grid.w) + column * rowBytes(cells.w);
        encoder.copyBufferToBuffer(source, y * rowBytes(cells.w), target, to, rowBytes(cells.w));
      }
    };
    const paramsOf = (tile: number): Params => ({
      ...plan.steps[0].params,
      top: Math.floor(tile / columns) * step.h,
      left: (tile % columns) * step.w,
    });
    /** What the first step of each tile reads, for an encoder that takes them all. */
    let parameters: GPUBuffer | null = null;
    const tileParameters = (): GPUBuffer => {
      const usage = BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
      const buffer = device.createBuffer({ label: 'tiles', size: rows * columns * BINDING, usage });
      made.push(buffer);
      for (let tile = 0; tile < rows * columns; tile++)
        device.queue.writeBuffer(buffer, tile * BINDING, packed(program, 0, paramsOf(tile)));
      return buffer;
    };
    const one: Pipeline['run'] = async (given, { signal, onTile, threshold, output = 'classes' } = {}) => {
      const bound = (await binding.bound(given))();
      for (let tile = 0; tile < rows * columns; tile++) {
        checkSignal(signal);
        update(program, 0, paramsOf(tile));
        const encoder = device.createCommandEncoder();
        program.encode(encoder, undefined, bound);
        stitch(encoder, Math.floor(tile / columns), tile % columns);
        device.queue.submit([encoder.finish()]);
        await device.queue.onSubmittedWorkDone();
        onTile?.(tile + 1, rows * columns);
      }
      checkSignal(signal);
      return reader.read(output, encoder => {
        decide(threshold);
        ending.encode(encoder);
      });
    };
    // Tiles of two pictures would meet in one texture: pictures take turns. Who gives up while it waits leaves at once, and the line stays as it is.
    let turn: Promise<unknown> = Promise.resolve();
    const run: Pipeline['run'] = (given, options = {}) => {
      const mine: Promise<Classified> = untilAborted(turn, options.signal).then(() => one(given, options));
      // Its value is dropped: a line that never ends must not keep every result.
      turn = Promise.allSettled([turn, mine]).then(() => {});
      return mine;
    };
    const encode: Pipeline['encode'] = (encoder, given, { into, threshold, smoother } = {}) => {
      parameters ??= tileParameters();
      const bound = binding.bind(given);
      for (let tile = 0; tile < rows * columns; tile++) {
        updateFrom(program, encoder, 0, parameters, tile * BINDING);
        program.encode(encoder, undefined, bound);
        stitch(encoder, Math.floor(tile / columns), tile % columns);
      }
      decide(threshold);
      ending.encode(encoder, undefined, undefined, smoother);
      return map.copy(encoder, into);
    };
    const stage: Pipeline['stage'] = async given => {
      update(program, 0, paramsOf(0));
      return [{ program, frame: (await binding.bound(given))() }, { program: ending }];
    };
    return {
      plan,
      picture,
      stem: 'texture',
      size,
      tiles: rows * columns,
      run,
      encode,
      smoother: () => smoother(engine, ending),
      stage,
      destroy,
    };
  } catch (error) {
    destroy();
    throw error;
  }
}
