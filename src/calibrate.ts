// Pictures → the int8 codes of every map of a network: what its numbers are in float32, counted, and the range of each that loses least.

import { factsOf } from './gpu/device.ts';
import { createEngine, destroyEngine, type Engine, type Program, runOnPlanes } from './gpu/executor.ts';
import { readClasses, readValue } from './gpu/transfer.ts';
import { constantReader } from './graph/constant.ts';
import { type Codes, type Graph, INPUT } from './graph/graph.ts';
import { select } from './graph/select.ts';
import { networkSize } from './image/size.ts';
import { int8Network } from './int8.ts';
import type { LoadedWeights, Runnable } from './models/network.ts';
import { fuse } from './passes/index.ts';
import { prepared, toCodes } from './passes/int8.ts';
import { targetOf } from './plan/choose.ts';
import { lower } from './plan/lower.ts';
import { type Pixels, preprocess } from './reference/preprocess.ts';
import type { ShaderLibrary } from './shader/source.ts';
import type { Card, Int8 } from './weights/card.ts';
import { type Tensors, toFloat64 } from './weights/tensor.ts';

/** Numbers of a map, counted: bins of equal width from -reach to reach, which doubles as larger numbers come. */
export interface Counts {
  add(numbers: ArrayLike<number>): void;
  codes(): Codes;
}

const BINS = 4096;
/** Shares of the whole range that are tried. */
const SHARES = Array.from({ length: 81 }, (_, n) => 1 - n / 100);
const STEPS = 255;

export function counts(): Counts {
  let bins = new Float64Array(BINS);
  let reach = 2 ** -10;
  let [low, high] = [0, 0];
  const widen = (): void => {
    const wider = new Float64Array(BINS);
    bins.forEach((n, bin) => {
      wider[BINS / 4 + Math.floor(bin / 2)] += n;
    });
    bins = wider;
    reach *= 2;
  };
  return {
    add(numbers) {
      for (let n = 0; n < numbers.length; n++) {
        const value = numbers[n];
        low = Math.min(low, value);
        high = Math.max(high, value);
        while (Math.abs(value) >= reach) widen();
        bins[Math.floor(((value + reach) / (2 * reach)) * BINS)]++;
      }
    },
    /** Least squares: rounding costs a twelfth of a step squared within the range, and beyond it each number its distance squared. */
    codes() {
      const width = (2 * reach) / BINS;
      const loss = (share: number): number => {
        const [from, to] = [low * share, high * share];
        const step = (to - from) / STEPS;
        return bins.reduce((sum, n, bin) => {
          const value = (bin + 0.5) * width - reach;
          const beyond = Math.max(from - value, value - to, 0);
          return n === 0 ? sum : sum + n * (beyond > width ? beyond ** 2 : step ** 2 / 12);
        }, 0);
      };
      const losses = SHARES.map(loss);
      const best = SHARES[losses.indexOf(Math.min(...losses))];
      // Digits enough for a code of 8 bits, and the same on every adapter but by a rare chance.
      const scale = Number((((high - low) * best) / STEPS).toPrecision(5)) || 1;
      return { scale, zero: Math.min(Math.max(Math.round(-128 - (low * best) / scale), -128), 127) };
    },
  };
}

export interface Calibration {
  readonly int8: Int8;
  /** In codes. */
  readonly network: Runnable;
}

/** Where pictures are run, and who is told how many have been. */
export interface CalibrateOptions {
  readonly device: GPUDevice;
  readonly library: ShaderLibrary;
  told(done: number, round: 'float32' | 'int8'): void;
}

/**
 * Finds the codes of a network's maps, and then how many pixels keep their classes with `coded` weights. The pictures, which are gone through twice, are
 * resized on the CPU as the reference does.
 */
export async function calibrate(
  { network, tensors, card }: LoadedWeights,
  coded: Tensors,
  pictures: () => AsyncIterable<Pixels>,
  { device, library, told }: CalibrateOptions,
): Promise<Calibration> {
  const { preprocessing } = card;
  const maps = new Map<string, Counts>();
  const classes: Uint8Array[] = [];
  /** Runs all pictures through the values of a network that are asked for. */
  const run = async (
    { build }: Pick<Runnable, 'build'>,
    weights: Tensors,
    valuesOf: (graph: Graph) => readonly string[],
    each: (program: Program, planes: Float32Array, n: number) => Promise<void>,
  ): Promise<number> => {
    const engine = createEngine(device, library);
    let n = 0;
    try {
      for await (const pixels of pictures()) {
        const picture = { h: pixels.height, w: pixels.width };
        const size = network.inside?.(picture, null) ?? networkSize(picture, preprocessing.max_area);
        const graph = build({ ...size, to: picture });
        // Between bars a picture is smaller than the network.
        const planes = Float32Array.from(preprocess(pixels, graph.input, { channels: 'rgb', ...preprocessing }).data);
        // What is put around a picture has tables of its own.
        const all = weights === tensors ? tensors : new Map([...tensors, ...weights]);
        const program = await programOn(engine, select(graph, valuesOf(graph)), all, card, planes);
        try {
          await each(program, planes, n++);
        } finally {
          program.destroy();
        }
        told(n, weights === tensors ? 'float32' : 'int8');
      }
    } finally {
      destroyEngine(engine);
    }
    return n;
  };
  const count = await run(
    { build: options => prepared(network.build(options)) },
    tensors,
    graph => {
      const of = (value: string): Codes => {
        if (!maps.has(value)) maps.set(value, counts());
        return { scale: 1, zero: 0 };
      };
      toCodes(graph, { of });
      return [...maps.keys(), ...graph.outputs].filter(value => value !== INPUT);
    },
    async (program, planes, n) => {
      for (const [value, map] of maps) map.add(value === INPUT ? planes : await readValue(device, program, value));
      classes[n] = await readClasses(device, program);
    },
  );
  const found = [...maps].map(([value, map]) => [value, map.codes()] as const);
  const codes = {
    maps: Object.fromEntries(found.map(([value, { scale, zero }]) => [value, [scale, zero] as const])),
    pictures: count,
  };
  const made = int8Network(network, { ...codes, agreement: 0 }, 'the calibration');
  let [same, all] = [0, 0];
  await run(
    made,
    coded,
    graph => graph.outputs,
    async (program, _planes, n) => {
      const own = await readClasses(device, program);
      own.forEach((value, at) => {
        same += Number(value === classes[n][at]);
      });
      all += own.length;
    },
  );
  return { int8: { ...codes, agreement: Number((same / all).toFixed(4)) }, network: made };
}

/** A graph run once in float32, but for what is in codes. */
async function programOn(
  engine: Engine,
  graph: Graph,
  tensors: Tensors,
  { preprocessing }: Pick<Card, 'preprocessing'>,
  planes: Float32Array,
): Promise<Program> {
  const choice = { precision: 'f32', facts: factsOf(engine.device), variants: 'auto' } as const;
  const { mean, std, channels } = preprocessing;
  const fused = fuse(graph, targetOf(choice));
  const plan = lower(fused, { ...choice, stem: 'tensor', mean, std, channels, shaderFacts: engine.library.brief });
  return runOnPlanes(engine, fused, plan, constantReader(tensors, toFloat64), planes);
}
