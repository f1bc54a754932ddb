// What runs in the pages that are timed: an engine from its import to a class map in memory. Each function goes to a page as its text, and finds there what
// comes with its arguments alone.

export interface Picture {
  /** RGBA. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface Started {
  /** From the import to the first class map, in milliseconds. */
  readonly first_ms: number;
  readonly classes: Uint8Array;
  readonly about: string;
}

declare global {
  /** Milliseconds of one more frame, bytes in memory to classes in memory. */
  var frame: () => Promise<number>;
}

export async function startOurs({
  library,
  source,
  options,
  picture,
}: {
  readonly library: string;
  readonly source: string;
  readonly options: object;
  readonly picture: Picture;
}): Promise<Started> {
  const start = performance.now();
  const { load } = (await import(library)) as typeof import('../../src/index.ts');
  const model = await load(source, options);
  const { classes } = await model.segment(picture);
  const first_ms = performance.now() - start;
  globalThis.frame = async () => {
    const begin = performance.now();
    await model.segment(picture);
    return performance.now() - begin;
  };
  return { first_ms, classes, about: (await model.facts()).name };
}

/** Of onnxruntime-web, what is used. */
interface Onnxruntime {
  readonly env: { readonly wasm: { numThreads: number; wasmPaths: string }; readonly versions: { readonly web?: string } };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(
      model: string,
      options: object,
    ): Promise<{
      run(
        feeds: Record<string, unknown>,
        fetches: readonly string[],
      ): Promise<Record<string, { readonly data: Float32Array | BigInt64Array }>>;
    }>;
  };
}

export async function startTheirs({
  library,
  folder,
  model,
  external,
  provider,
  threads,
  input,
  outputs,
  planes,
  mean,
  std,
  picture,
}: {
  readonly library: string;
  readonly folder: string;
  readonly model: string;
  /** Files of weights beside the model, by the names that it has for them. */
  readonly external: readonly { readonly path: string; readonly data: string }[];
  readonly provider: 'webgpu' | 'wasm';
  readonly threads: number;
  readonly input: string;
  /** Scores, and where the file has it the class of each pixel. */
  readonly outputs: readonly [scores: string, classes?: string];
  /** Classes of the scores. */
  readonly planes: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly picture: Picture;
}): Promise<Started> {
  const start = performance.now();
  const { env, InferenceSession, Tensor } = (await import(library)) as Onnxruntime;
  env.wasm.numThreads = threads;
  env.wasm.wasmPaths = folder;
  const options = { executionProviders: [provider], externalData: external, graphOptimizationLevel: 'all' };
  const session = await InferenceSession.create(model, options);
  const { data, width, height } = picture;
  const pixels = width * height;
  const tensor = new Float32Array(3 * pixels);
  const run = async (tail: 0 | 1): Promise<Uint8Array> => {
    for (let c = 0; c < 3; c++) {
      const [scale, offset] = [1 / (255 * std[c]), mean[c] / std[c]];
      for (let pixel = 0; pixel < pixels; pixel++) tensor[c * pixels + pixel] = data[pixel * 4 + c] * scale - offset;
    }
    const name = outputs[tail]!;
    const made = (await session.run({ [input]: new Tensor('float32', tensor, [1, 3, height, width]) }, [name]))[name].data;
    const classes = new Uint8Array(pixels);
    if (made instanceof Float32Array) {
      for (let pixel = 0; pixel < pixels; pixel++) {
        let best = 0;
        for (let plane = 1; plane < planes; plane++) if (made[plane * pixels + pixel] > made[best * pixels + pixel]) best = plane;
        classes[pixel] = best;
      }
    } else for (let pixel = 0; pixel < pixels; pixel++) classes[pixel] = Number(made[pixel]);
    return classes;
  };
  const timed = async (tail: 0 | 1): Promise<number> => {
    const begin = performance.now();
    await run(tail);
    return performance.now() - begin;
  };
  const classes = await run(0);
  const first_ms = performance.now() - start;
  let tail: 0 | 1 = 0;
  if (outputs.length > 1) {
    // A first run with the other tail may compile something: the second counts.
    await timed(1);
    tail = (await timed(1)) < (await timed(0)) ? 1 : 0;
  }
  globalThis.frame = () => timed(tail);
  return { first_ms, classes, about: `${provider}, ${tail === 1 ? 'ArgMax in the network' : 'largest score found in JavaScript'}` };
}
