// PyTorch's float64 outputs of whole networks, one for every kind of body and every decoder, and how near to them an implementation must come.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import type { Engine } from '../../src/gpu/executor.ts';
import { type Graph, resolve } from '../../src/graph/graph.ts';
import { select } from '../../src/graph/select.ts';
import { networks } from '../../src/models/registry.ts';
import { argmax } from '../../src/reference/classify.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { upsample } from '../../src/reference/upsample.ts';
import type { Precision } from '../../src/shader/source.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { type Tensor, toFloat32 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import type { Sitting } from '../judges.ts';
import { sat } from '../record.ts';
import { prepareGraph } from './device.ts';

/** Of max|logits|, which seeded weights drive into the hundreds; and the share of pixels of the same class. */
export const tolerances = {
  // Float32 through sixty layers; PyTorch's own float32 is off by up to 1e-5.
  f32: { error: 2e-4, same: 0.999 },
  // Every map is rounded to eleven bits; weights and sums are not.
  half: { error: 2e-2, same: 0.99 },
  f16: { error: 2e-2, same: 0.99 },
  // Float64 from float32 weights, as the golden: what is left is the golden's own storage.
  cpu: { error: 1e-6, same: 1 },
} as const;

export interface Golden {
  readonly name: string;
  readonly model: string;
  readonly classes: number;
  readonly h: number;
  readonly w: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const folder = fileURLToPath(new URL('../goldens', import.meta.url));

export const all: readonly Golden[] = readdirSync(folder)
  .sort()
  .flatMap(file => {
    const match = /^(\w+)_(\d+)_(\d+)x(\d+)\.safetensors$/.exec(file);
    if (!match || !networks().includes(match[1])) return [];
    const [classes, h, w] = match.slice(2, 5).map(Number);
    const { tensors } = readSafetensors(new Uint8Array(readFileSync(`${folder}/${file}`)), file);
    return [{ name: file, model: match[1], classes, h, w, tensors }];
  });

/** The decoder's own output, and the logits at input size, where a golden does not hold them interpolated from it. */
export function expected({ tensors, h, w }: Golden): { decoder: Field; logits: Field } {
  const fieldOf = (tensor: Tensor): Field => {
    const [, c, height, width] = tensor.shape;
    return field({ c, h: height, w: width }, Float64Array.from(toFloat32(tensor)));
  };
  const decoder = fieldOf(tensors.get('logits4') ?? tensors.get('logits8')!);
  const logits = tensors.get('logits');
  return { decoder, logits: logits ? fieldOf(logits) : upsample(decoder, { h, w }) };
}

export function share(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let same = 0;
  for (let n = 0; n < wanted.length; n++) if (got[n] === wanted[n]) same++;
  return same / wanted.length;
}

/** Logits and classes of one golden by the plan that an adapter gets. */
export async function compare(golden: Golden, graph: Graph, engine: Engine, sitting: Sitting, precision: Precision): Promise<void> {
  const wanted = expected(golden);
  const decoder = resolve(graph, 'decoder');
  const logits = await prepareGraph(engine, sitting, select(graph, ['logits', decoder]), precision);
  const numbers = await logits.run();
  logits.destroy();
  judge(precision, numbers.get(decoder)!, wanted.decoder);
  judge(precision, numbers.get('logits')!, wanted.logits);
  const whole = await prepareGraph(engine, sitting, graph, precision);
  const same = share((await whole.run()).get('classes')!, argmax(wanted.logits).data);
  whole.destroy();
  assert.ok(same >= tolerances[precision].same, `${(same * 100).toFixed(2)} % of the classes are equal`);
  sat('device', sitting.who);
}

export function judge(precision: keyof typeof tolerances, got: ArrayLike<number>, wanted: Field): void {
  const error = relativeError(got, wanted.data);
  const { error: most } = tolerances[precision];
  assert.ok(
    error <= most,
    `${precision}: worst |Δ| is ${error.toExponential(2)} of max|logits|, allowed is ${most.toExponential(0)}`,
  );
}
