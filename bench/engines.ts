// The engines of a comparison, each behind the same three calls: this one, and onnxruntime by one of its providers.

import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AtrousError } from '../src/errors.ts';
import { adapterName, factsOf } from '../src/gpu/device.ts';
import { createEngine, destroyEngine } from '../src/gpu/executor.ts';
import { learnLanguage } from '../src/gpu/language.ts';
import { nodeDevice, shaderLibrary } from '../src/node/engine.ts';
import type { VariantChoice } from '../src/plan/choose.ts';
import type { Precision } from '../src/shader/source.ts';
import type { EngineHandle, EngineSpec } from './child.ts';
import { familyOf, frameSize, inputOf, load, open, picture, readModel, start } from './network.ts';
import { CLASSES, forPeers, type OnnxFile, readOnnx } from './onnx.ts';

export function openEngine(spec: EngineSpec): Promise<EngineHandle> {
  return spec.engine === 'atrous' ? openOurs(spec) : openOnnxruntime(spec);
}

async function openOurs({ model, size, precision, variants, adapter, tuned, toggles }: EngineSpec): Promise<EngineHandle> {
  await readModel(model, precision);
  const [{ device }, library] = [await nodeDevice({ adapter, ...toggles }), await shaderLibrary()];
  if (familyOf(model).stated) await learnLanguage(device);
  const bench = { device, facts: factsOf(device), library, tuned };
  const engine = createEngine(device, library);
  const choice = { precision: (precision === 'int8' ? 'f32' : precision) as Precision, variants: variants as VariantChoice };
  const running = await start(engine, bench, load(model), size, choice);
  const session = open(device, running, picture(frameSize(size, familyOf(model))));
  let classes = new Uint8Array();
  return {
    name: 'atrous',
    version: running.program.plan.hash,
    on: adapterName(device.adapterInfo),
    async run() {
      classes = (await session.frame()) as Uint8Array<ArrayBuffer>;
    },
    classes: async () => classes,
    end() {
      session.close();
      destroyEngine(engine);
      device.destroy();
    },
  };
}

/** The part of onnxruntime-node's interface that is used; it is no dependency, so neither its types nor its code are here. */
interface Onnxruntime {
  readonly env: { readonly versions: { readonly node?: string } };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OnnxSession> };
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OnnxTensor;
}
interface OnnxSession {
  run(feeds: Record<string, OnnxTensor>, fetches: readonly string[]): Promise<Record<string, OnnxTensor>>;
}
interface OnnxTensor {
  readonly data: Float32Array | BigInt64Array;
  /** Of scores 1×C×h×w, of which h and w need not be the input's. */
  readonly dims: readonly number[];
}

/**
 * Its frame is a normalised float tensor in memory, which we would have to make first: nothing of that is on its clock. What Dawn adds, checks
 * of calls and of indices, is on for both engines or off for both.
 */
async function openOnnxruntime({ model, size, provider, onnx, toggles }: EngineSpec): Promise<EngineHandle> {
  const name = 'onnxruntime-node';
  const loaded = (await import(name)) as Onnxruntime & { default?: Onnxruntime };
  const { InferenceSession, Tensor, env } = loaded.default ?? loaded;
  await readModel(model);
  const { boundary, ...family } = familyOf(model);
  const bytes = await readFile(onnx!);
  const file = readOnnx(bytes, onnx!);
  const gpu = {
    name: 'webgpu',
    validationMode: toggles.enable.includes('skip_validation') ? 'disabled' : 'wgpuOnly',
    enableRobustness: !toggles.enable.includes('disable_robustness'),
  };
  const session = await InferenceSession.create(countable(file) ? forPeers(bytes, file) : bytes, {
    executionProviders: [provider === 'webgpu' ? gpu : 'cpu'],
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: dirname(onnx!) } },
  });
  const { h, w } = size;
  const pixels = inputOf(size, family).data;
  const last3 = file.input.shape[3] === 3 && file.input.shape[1] !== 3;
  const data = Float32Array.from(pixels, (_, n) => (last3 ? pixels[(n % 3) * h * w + Math.floor(n / 3)] : pixels[n]));
  const feeds = { [file.input.name]: new Tensor('float32', data, last3 ? [1, h, w, 3] : [1, 3, h, w]) };
  let last: Pick<OnnxTensor, 'data' | 'dims'> = { data: new Float32Array(), dims: [1, 1, 0, 0] };
  return {
    name: 'onnxruntime',
    version: env.versions.node ?? 'unknown',
    on: `${provider} provider, ${basename(onnx!)}`,
    async run(tail) {
      const fetch = tail === 'classes' && countable(file) ? CLASSES : file.output.name;
      last = (await session.run(feeds, [fetch]))[fetch];
    },
    async classes() {
      const { data, dims } = last;
      if (!(data instanceof Float32Array)) return Uint8Array.from(data, Number);
      return boundary === undefined ? largest(data, dims) : Uint8Array.from(data, score => Number(score > boundary));
    },
    end() {},
  };
}

/** Scores of several classes: what an ArgMax can be put behind. */
function countable({ output: { shape } }: OnnxFile): boolean {
  return shape.length === 4 && shape[1] !== 1;
}

/** Index of the largest of the planes at each pixel; ties go to the lowest. Throws `BAD_USAGE` for scores that are no planes. */
function largest(scores: Float32Array, dims: readonly number[]): Uint8Array {
  const [, planes, h, w] = dims;
  if (dims.length !== 4 || dims[0] !== 1)
    throw new AtrousError('BAD_USAGE', `the ONNX file's output is ${dims.join('×')}, scores are 1×classes×height×width`);
  const pixels = h * w;
  return Uint8Array.from({ length: pixels }, (_, pixel) => {
    let best = 0;
    for (let plane = 1; plane < planes; plane++) if (scores[plane * pixels + pixel] > scores[best * pixels + pixel]) best = plane;
    return best;
  });
}
