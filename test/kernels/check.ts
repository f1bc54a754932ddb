// A table against the reference on a device: every row by every variant that the device can run, in every precision, but for what takes a CPU
// adapter minutes. Without a test framework and without a look at files, because `bench --check` does the same in a browser's or a bare machine's place.
import { createEngine, destroyEngine, type Engine, prepare, submit } from '../../src/gpu/executor.ts';
import { BufferUsage, TextureUsage } from '../../src/gpu/flags.ts';
import type { MatrixTexts } from '../../src/gpu/matrices.ts';
import { readBuffer } from '../../src/gpu/transfer.ts';
import type { Variant } from '../../src/kernels/kernel.ts';
import { type AdapterFacts, isPossible, precisionsOf } from '../../src/plan/choose.ts';
import type { Step } from '../../src/plan/plan.ts';
import type { Codec, ShaderLibrary } from '../../src/shader/source.ts';
import { type Case, casePlan, caseStep, judge, makeCase, outputsOf, readsFrame, variantsOf } from './case.ts';
import { allRows, type KernelTable, type Row } from './table.ts';

export interface Check {
  readonly kernel: string;
  readonly variant: string;
  readonly precision: Codec;
  readonly row: string;
  readonly macs: number;
  /** Worst |Δ| over the largest |expected|. */
  readonly error: number;
  /** What is wrong and how to see it again, or null. */
  readonly message: string | null;
}

export interface CheckOptions {
  readonly rows?: readonly Row[];
  readonly precisions?: readonly Codec[];
  /** Default: those that don't take minutes in a table. */
  readonly variants?: (row: Row, precision: Codec) => Variant[];
  readonly onCheck?: (check: Check) => void;
  /** How programs with subgroup matrices are written; the device's own way by default. */
  readonly matrixTexts?: MatrixTexts;
}

/** Never throws for a wrong kernel: a refused shader is a message too. */
export async function checkTable(
  device: GPUDevice,
  library: ShaderLibrary,
  facts: AdapterFacts,
  table: KernelTable,
  options: CheckOptions = {},
): Promise<Check[]> {
  const engine = { ...createEngine(device, library), matrixTexts: options.matrixTexts };
  const checks: Check[] = [];
  try {
    for (const precision of options.precisions ?? precisionsOf(facts.features)) {
      for (const row of options.rows ?? allRows(table)) {
        for (const variant of options.variants?.(row, precision) ?? affordable(table, row, precision, facts)) {
          const check = await checkRow(engine, facts, table, row, variant, precision);
          checks.push(check);
          options.onCheck?.(check);
        }
      }
    }
  } finally {
    destroyEngine(engine);
  }
  return checks;
}

/** Variants of the row that the device can run. Slow ones are checked too. */
export function runnable(table: KernelTable, row: Row, precision: Codec, facts: AdapterFacts): Variant[] {
  return variantsOf(table, row).filter(variant => isPossible(variant, precision, facts));
}

/** What would take a CPU adapter minutes to compile. */
export function seldomRun({ kernel, rows, barrierRows }: KernelTable, { software }: Pick<AdapterFacts, 'software'>): string[] {
  if (!software || !barrierRows) return [];
  const some = `variants with barriers ran ${Math.ceil(barrierRows.length / OTHERS)} of ${rows.length} rows here, the first of them in half too, and no random one`;
  return [`skipped: ${kernel}, ${some}: on a CPU adapter each of their pipelines takes seconds to compile`];
}

/** What a CPU adapter leaves out of every table. */
export const ONE_PRECISION =
  'skipped: random rows ran in one precision each here, rows of codes in f32 alone, and Winograd ran a few of its rows in half: on a CPU adapter compiling is what takes long';

/** Where barriers are slow to compile every second of the rows with them is run; lavapipe.ts runs them all. */
const OTHERS = 2;
/** Of the rows of programs that unroll so far that each takes a CPU adapter two seconds as well, those in other precisions than f32. */
const UNROLLED = { variants: ['winograd'], rows: 10 };

/**
 * Of these, those that don't take minutes in a table: of the rows with barriers the first alone in other precisions than f32, since only the codec differs;
 * a random row in f32 or in the others; codes, which no precision stores otherwise, in f32 alone.
 */
export function affordable(table: KernelTable, row: Row, precision: Codec, facts: AdapterFacts): Variant[] {
  const able = runnable(table, row, precision, facts);
  if (!facts.software) return able;
  const plain = precision === 'f32';
  if (isCoded(row)) return plain ? able : [];
  if (plain === isOdd(row)) return [];
  const at = table.barrierRows?.indexOf(row.name) ?? 0;
  const barriers = at === 0 || (at > 0 && at % OTHERS === 0 && plain);
  const unrolled = plain || table.rows.indexOf(row) % UNROLLED.rows === 0;
  return able.filter(({ name, needs }) => (barriers || !needs.barriers) && (unrolled || !UNROLLED.variants.includes(name)));
}

/** Of a random row: every second. Undefined of others. */
function isOdd({ name }: Row): boolean | undefined {
  const [, seed] = /^random (\d+)$/.exec(name) ?? [];
  return seed === undefined ? undefined : Number(seed) % 2 === 1;
}

/** Does a row read or write codes, and no map, whose numbers precisions store? */
function isCoded(row: Row): boolean {
  const kinds = [...Object.values(row.inputs), ...outputsOf(row).map(([, value]) => value)].map(({ kind }) => kind);
  return kinds.includes('int8') && !kinds.includes('map');
}

export async function checkRow(
  engine: Engine,
  facts: AdapterFacts,
  table: KernelTable,
  row: Row,
  { name: variant, needs }: Variant,
  precision: Codec,
): Promise<Check> {
  const named = { kernel: table.kernel, variant, precision, row: row.name };
  let macs = 0;
  let verdict: ReturnType<typeof judge>;
  try {
    const made = makeCase(table, row, precision);
    const step = caseStep(made, variant, facts, engine.library);
    macs = step.macs;
    verdict = judge(made, await dispatch(engine, made, step), needs.matrix?.operands === 'f16');
  } catch (error) {
    verdict = { error: Number.POSITIVE_INFINITY, fault: error instanceof Error ? error.message : String(error) };
  }
  return {
    ...named,
    macs,
    error: verdict.error,
    message: verdict.fault && `${describeRow(named)}: ${verdict.fault}; ${again(named)}`,
  };
}

export function describeRow({ kernel, variant, precision, row }: Pick<Check, 'kernel' | 'variant' | 'precision' | 'row'>): string {
  return `${kernel}/${precision} ${variant}, row "${row}"`;
}

/** The command that repeats a row. */
export function again({ kernel, row }: Pick<Check, 'kernel' | 'row'>): string {
  return `again: npx tsx test/kernels/conformance.test.ts ${kernel} '${row}'`;
}

/** Buffers, pipeline and bind group of one case, and what its slots hold after the dispatch. */
export async function dispatch(engine: Engine, made: Case, step: Step): Promise<ArrayBuffer[]> {
  const { device } = engine;
  const frame = upload(device, made);
  const program = await prepare(engine, made.graph, casePlan(made, step), made.read, 'view' in frame ? frame.view : frame.buffer);
  try {
    const names = new Map(Object.entries(made.values).map(([name, { slot }]) => [slot, name]));
    const buffers = made.slots.map((_, slot) => program.buffer(names.get(slot)!));
    for (const [slot, buffer] of buffers.entries()) device.queue.writeBuffer(buffer, 0, made.slots[slot]);
    submit(device, program);
    return await Promise.all(buffers.map(buffer => readBuffer(device, buffer)));
  } finally {
    program.destroy();
    frame.destroy();
    // Rows give their tensors the same names.
    for (const weights of engine.weights.values()) weights.destroy();
    engine.weights.clear();
  }
}

function upload(
  device: GPUDevice,
  { frame, row: { node } }: Case,
): { destroy(): void } & ({ view: GPUTextureView } | { buffer: GPUBuffer }) {
  if (frame && readsFrame(node) && node.attributes.form !== 'tensor') {
    const { bytes, h, w } = frame;
    const usage = TextureUsage.COPY_DST | TextureUsage.TEXTURE_BINDING;
    const texture = device.createTexture({ label: 'frame', size: [w, h], format: 'rgba8unorm', usage });
    device.queue.writeTexture({ texture }, bytes, { bytesPerRow: w * 4 }, [w, h]);
    return { view: texture.createView(), destroy: () => texture.destroy() };
  }
  const bytes = frame?.bytes ?? new Uint8Array(16);
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST;
  const buffer = device.createBuffer({ label: 'frame', size: bytes.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, bytes);
  return { buffer, destroy: () => buffer.destroy() };
}
