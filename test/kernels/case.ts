// A row made concrete for one precision: the bytes of every buffer before the dispatch, what must be in them after it, the verdict.

import { MATRIX_FEATURE } from '../../src/gpu/flags.ts';
import * as transfer from '../../src/gpu/transfer.ts';
import { type Constant, constantReader, type ReadConstant, shapeOf, tensorsOf } from '../../src/graph/constant.ts';
import { boundaryOf } from '../../src/graph/decision.ts';
import { FRAME, type Graph, type Node, type NodeOf, type Value, writes } from '../../src/graph/graph.ts';
import type { Placement } from '../../src/graph/layout.ts';
import { byteLength, classRow, pixelStride, quads } from '../../src/graph/layout.ts';
import { ruleOf } from '../../src/graph/ops.ts';
import { kernelFor, variantsFor } from '../../src/kernels/index.ts';
import type { Kernel, Variant } from '../../src/kernels/kernel.ts';
import { type AdapterFacts, defaultFacts } from '../../src/plan/choose.ts';
import { stepOf } from '../../src/plan/lower.ts';
import type { Plan, Step } from '../../src/plan/plan.ts';
import { sigmoid as curve } from '../../src/reference/activate.ts';
import { chain } from '../../src/reference/chain.ts';
import { concat } from '../../src/reference/concat.ts';
import { conv } from '../../src/reference/conv.ts';
import { deconv } from '../../src/reference/deconv.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { probabilities } from '../../src/reference/matte.ts';
import { preprocess, tile } from '../../src/reference/preprocess.ts';
import { evaluate } from '../../src/reference/run.ts';
import { softmax } from '../../src/reference/softmax.ts';
import { stem } from '../../src/reference/stem.ts';
import { upsample } from '../../src/reference/upsample.ts';
import { zoom } from '../../src/reference/zoom.ts';
import type { Codec, MatrixForm, ShaderLibrary } from '../../src/shader/source.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { count, encodeFloat16, fromFloat32, toFloat64 } from '../../src/weights/tensor.ts';
import type { KernelTable, Row } from './table.ts';

/** Bytes behind each value: a kernel that reads them gets NaN, one that writes them is caught. */
const GUARD = 256;
/** What lies in a buffer where nothing was written: finite in every storage, and no number that a case expects. */
const UNTOUCHED = 0x5c;
/** What saturates here instead of becoming infinite. */
const MOST: Readonly<Record<Codec, number>> = { f32: Number.POSITIVE_INFINITY, half: 65504, f16: 65504, block: 8191 * 8 };

/** Codes never leave a device but here. */
function encodeValue(data: ArrayLike<number>, place: Placement, precision: Codec): Uint8Array<ArrayBuffer> {
  if (place.kind !== 'int8') return transfer.encodeValue(data, place, precision);
  const { c, h, w, stride } = place;
  const codes = new Int8Array(h * w * stride * 4);
  for (let n = 0; n < c * h * w; n++) codes[(n % (h * w)) * stride * 4 + Math.floor(n / (h * w))] = data[n];
  return new Uint8Array(codes.buffer);
}

function decodeValue(bytes: ArrayBuffer, place: Placement, precision: Codec): Float32Array {
  if (place.kind !== 'int8') return transfer.decodeValue(bytes, place, precision);
  const { c, h, w, stride, offset } = place;
  const codes = new Int8Array(bytes);
  return Float32Array.from({ length: c * h * w }, (_, n) => codes[((n % (h * w)) * stride + offset) * 4 + Math.floor(n / (h * w))]);
}

export interface Case {
  readonly table: KernelTable;
  readonly row: Row;
  readonly precision: Codec;
  readonly graph: Graph;
  readonly values: Readonly<Record<string, Placement>>;
  /** By slot: the buffers before the dispatch. */
  readonly slots: readonly Uint8Array<ArrayBuffer>[];
  readonly read: ReadConstant;
  /** RGBA bytes or float32 planes for a stem. */
  readonly frame: { readonly bytes: Uint8Array<ArrayBuffer>; readonly h: number; readonly w: number } | null;
  /** The truth, by value; computed when it is asked for. `halves`: of weights as rows by subgroup matrices hold them. */
  expected(halves?: boolean): ReadonlyMap<string, Field>;
}

export function makeCase(table: KernelTable, row: Row, precision: Codec): Case {
  const { node } = row;
  const outputs = outputsOf(row);
  const values: Record<string, Placement> = {};
  const slots: Uint8Array<ArrayBuffer>[] = [];
  const fields = new Map<string, Field>();
  for (const [name, value] of Object.entries(row.inputs)) {
    const place = placed(value, slots.length, precision);
    values[name] = place;
    const numbers = numbersOf(row, name, value);
    const bytes = poisoned(encodeValue(numbers, place, precision), place, precision);
    // What the device sees is what the truth is computed from: storage rounding is no error of the kernel.
    fields.set(name, field(value.shape, Float64Array.from(decodeValue(bytes.slice().buffer, place, precision))));
    slots.push(bytes);
  }
  for (const [name, value] of outputs) {
    const joined = name === node.name ? row.join : undefined;
    const home: Value = joined ? { ...value, shape: { ...value.shape, c: joined.c } } : value;
    values[name] = { ...placed(home, slots.length, precision), ...value.shape, offset: joined ? joined.from / 4 : 0 };
    slots.push(new Uint8Array(byteLength(home.shape, home.kind, precision) + GUARD).fill(UNTOUCHED));
  }
  const graph: Graph = {
    name: `${table.kernel} "${row.name}"`,
    input: { c: 1, h: 1, w: 1 },
    nodes: [node],
    outputs: outputs.map(([name]) => name),
    aliases: new Map(),
  };
  const tensors = Object.values<Constant>(node.constants).flatMap(tensorsOf);
  const read = constantReader(new Map(tensors.map(([name, shape]) => [name, seeded(row, name, shape)])), toFloat64);
  const frame = frameOf(row);
  if (frame) values[FRAME] = { slot: -1, c: 4, h: frame.h, w: frame.w, stride: 1, offset: 0, start: 0, kind: 'map' };
  const expected = (halves = false) =>
    new Map(frame ? stemOf(node, frame, read) : evaluate(node, fields, halves ? roundedWeights(node, read) : read));
  return { table, row, precision, graph, values, slots, read, frame, expected };
}

/** Of most GPUs that have any. */
const MATRICES: readonly MatrixForm[] = [
  { m: 16, n: 16, k: 16, operands: 'f16', sums: 'f32', lanes: 32, sized: false },
  { m: 16, n: 16, k: 32, operands: 'i8', sums: 'i32', lanes: 32, sized: false },
];

/** A GPU with what a variant needs. */
export function factsWith({ needs: { features = [], matrix } }: Pick<Variant, 'needs'>): AdapterFacts {
  return { ...defaultFacts, features: matrix ? [...features, MATRIX_FEATURE] : features, matrices: matrix ? MATRICES : [] };
}

/** The row's dispatch by one variant. */
export function caseStep({ row, values, precision }: Case, variant: string, facts: AdapterFacts, library: ShaderLibrary): Step {
  const most = row.most ?? facts.limits.maxComputeWorkgroupsPerDimension;
  // Slow is not unable: on a CPU adapter the forms for GPUs are checked too.
  const able = { ...facts, software: false, limits: { ...facts.limits, maxComputeWorkgroupsPerDimension: most } };
  const step = stepOf(row.node, values, {
    precision,
    facts: able,
    variants: [variant],
    shaderFacts: library.brief,
    halfWeightsFrom: row.halfWeights ? 0 : undefined,
  });
  if (step.variant !== variant) throw new Error(`${facts.name} makes ${row.name} by ${step.variant}, ${variant} was asked for`);
  return step;
}

/** A plan of that one step. */
export function casePlan({ row, graph, precision, values, slots }: Case, step: Step): Plan {
  const { h, w } = values[step.node];
  return {
    model: graph.name,
    precision,
    stem: readsFrame(row.node) ? row.node.attributes.form : 'texture',
    size: [h, w],
    to: [h, w],
    steps: [step],
    values,
    slots: slots.map(({ byteLength }) => byteLength),
    outputs: graph.outputs,
    hash: '',
  };
}

/** Name, shape and kind of what the row's node writes. */
export function outputsOf({ node, inputs }: Row): [string, Value][] {
  const { infer } = ruleOf(node.op) as { infer(node: Node, input: (role: string) => Value): Value[] };
  return infer(node, role => inputs[node.inputs[role]]).map((value, n) => [writes(node)[n], value]);
}

export interface Verdict {
  /** Worst |Δ| over the largest |expected|, of the outputs together. */
  readonly error: number;
  /** What is wrong, or null. */
  readonly fault: string | null;
}

/** `after` holds the bytes of each slot after the dispatch; `rounds`: the variant rounds its operands to halves. Weights so rounded are what it is given; of other operands what it leaves in float32 is no closer than halves. */
export function judge(made: Case, after: readonly ArrayBuffer[], rounds = false): Verdict {
  const verdicts = [...made.expected(rounds)].map(([name, expected]) => {
    const place = made.values[name];
    const bytes = after[place.slot];
    const fault = strayBytes(place, bytes, made) ?? unclearedLanes(place, bytes, made);
    const numbers =
      made.row.node.op === 'matte'
        ? judgeMatte(made, bytes)
        : place.kind === 'class'
          ? judgeClasses(made, expected, bytes)
          : judgeMap(made, name, expected, bytes, rounds);
    const parts = [numbers.fault, fault].filter(text => text !== null);
    return { error: numbers.error, fault: parts.length ? `${name}: ${parts.join('; ')}` : null };
  });
  const faults = verdicts.map(({ fault }) => fault).filter(fault => fault !== null);
  return { error: Math.max(...verdicts.map(({ error }) => error)), fault: faults.length ? faults.join('; ') : null };
}

function judgeMap(
  { table, row: { node }, values, precision }: Case,
  name: string,
  truth: Field,
  bytes: ArrayBuffer,
  rounds: boolean,
): Verdict {
  const place = values[name];
  // How a squeeze's tiles are dealt to strips is the variant's own affair: its partial sums count together.
  const partial = node.op === 'conv' && name === node.attributes.fused.partials?.name;
  const expected = partial ? summed(truth) : truth;
  const stored = place.kind === 'map' ? precision : 'f32';
  const most = MOST[stored];
  const wanted = expected.data.map(value => Math.min(Math.max(value, -most), most));
  const decoded = decodeValue(bytes, place, precision);
  const got = partial ? summed(field(place, Float64Array.from(decoded))).data : decoded;
  const scale = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), Number.MIN_VALUE);
  const allowed = table.tolerance[stored === 'f32' && !rounds ? 'f32' : 'half'] * scale;
  let wrong = 0;
  let worst = 0;
  let at = 0;
  wanted.forEach((value, n) => {
    const delta = Number.isNaN(got[n]) ? Number.POSITIVE_INFINITY : Math.abs(got[n] - value);
    if (delta > allowed) wrong++;
    if (delta > worst) [worst, at] = [delta, n];
  });
  const error = worst / scale;
  if (wrong === 0) return { error, fault: null };
  const where = position(at, expected);
  const numbers = `worst |Δ| ${worst.toExponential(2)} at ${where}, expected ${wanted[at]}, got ${got[at]}`;
  return { error, fault: `${wrong} of ${wanted.length} elements off by more than ${allowed.toExponential(1)}, ${numbers}` };
}

/** The nearest byte; where the probability is in the middle of two, either. */
function judgeMatte({ table, row, values, slots, precision }: Case, bytes: ArrayBuffer): Verdict {
  const { attributes } = row.node as NodeOf<'matte'>;
  const place = values.x;
  const x = field(row.inputs.x.shape, Float64Array.from(decodeValue(slots[place.slot].slice().buffer, place, precision)));
  const { data, h, w } = probabilities(x, attributes);
  const [map, stride] = [new Uint8Array(bytes), classRow(w)];
  const errors = [...data].map((value, n) => {
    const got = map[Math.floor(n / w) * stride + (n % w)];
    return Math.max(Math.abs(got - 255 * Math.min(Math.max(value, 0), 1)) - 0.5, 0) / 255;
  });
  const error = Math.max(...errors);
  const wrong = errors.filter(each => each > table.tolerance.f32).length;
  const where = position(errors.indexOf(error), { ...x, c: 1, h, w });
  return { error, fault: wrong ? `${wrong} of ${data.length} pixels are another byte, the worst at ${where}` : null };
}

/** Another class is right only where rounding can have swapped two scores; an exact tie is the lowest index's. */
function judgeClasses(made: Case, expected: Field, bytes: ArrayBuffer): Verdict {
  const { table } = made;
  const scores = scoresOf(made);
  const scale = scores.data.reduce((max, value) => Math.max(max, Math.abs(value)), Number.MIN_VALUE);
  const pixels = expected.h * expected.w;
  const stride = classRow(expected.w);
  const map = new Uint8Array(bytes);
  const faults: string[] = [];
  let error = 0;
  for (let n = 0; n < pixels; n++) {
    const got = map[Math.floor(n / expected.w) * stride + (n % expected.w)];
    const wanted = expected.data[n];
    if (got === wanted) continue;
    const gap = got < scores.c ? (scores.data[wanted * pixels + n] - scores.data[got * pixels + n]) / scale : 1;
    if (gap > 0 && gap <= table.tolerance.f32) continue;
    error = Math.max(error, gap);
    faults.push(`at ${position(n, expected)} expected class ${wanted}, got ${got}, whose score is ${gap.toExponential(1)} lower`);
  }
  return { error, fault: faults.length ? `${faults.length} of ${pixels} pixels, first ${faults[0]}` : null };
}

/** A score a class: of a single channel its own, behind what it must exceed. */
function scoresOf(made: Case): Field {
  const scores = interpolated(made);
  const { attributes } = made.row.node as NodeOf<'argmax' | 'classify' | 'zoom' | 'deconv'>;
  if (attributes.threshold === null) return scores;
  const boundary = new Float64Array(scores.h * scores.w).fill(boundaryOf(attributes.threshold, attributes));
  return concat([field({ ...scores, c: 1 }, boundary), scores]);
}

/** What the row's operation takes the argmax of. */
function interpolated({ row: { node, inputs }, precision, slots, values, read }: Case): Field {
  const place = values.x;
  const logits = field(inputs.x.shape, Float64Array.from(decodeValue(slots[place.slot].slice().buffer, place, precision)));
  switch (node.op) {
    case 'argmax':
      return logits;
    case 'classify':
      return upsample(logits, node.attributes);
    case 'zoom':
      return zoom(node.attributes.threshold === null ? softmax(logits) : sigmoid(logits), node.attributes);
    case 'deconv':
      return deconv(logits, read(node.constants.weight), node.attributes);
    default:
      throw new Error(`${node.op} makes no classes`);
  }
}

function sigmoid(x: Field): Field {
  return field(x, x.data.map(curve));
}

/** The sum of each channel. */
function summed({ c, h, w, data }: Field): Field {
  const sums = Array.from({ length: c }, (_, channel) =>
    data.slice(channel * h * w, (channel + 1) * h * w).reduce((sum, value) => sum + value, 0),
  );
  return field({ c, h: 1, w: 1 }, Float64Array.from(sums));
}

function position(n: number, { h, w }: Field): string {
  return `(${Math.floor(n / w) % h}, ${n % w}, ${Math.floor(n / (h * w))})`;
}

/** The first byte outside the value that is not as it was. */
function strayBytes(place: Placement, after: ArrayBuffer, { slots, precision }: Case): string | null {
  const before = slots[place.slot];
  const bytes = new Uint8Array(after);
  const own = ownBytes(place, precision);
  const stray = bytes.findIndex((byte, n) => byte !== before[n] && !own(n));
  if (stray < 0) return null;
  const where =
    stray >= bytes.length - GUARD ? `${stray - bytes.length + GUARD} bytes behind its end` : `at byte ${stray} of its slot`;
  return `wrote outside its value, ${where}`;
}

function ownBytes({ kind, c, h, w, stride, offset }: Placement, precision: Codec): (byte: number) => boolean {
  if (kind === 'class') {
    const row = classRow(w);
    return byte => byte < h * row && byte % row < Math.ceil(w / 4) * 4;
  }
  const quadBytes = bytesPerQuad(kind, precision);
  return byte => {
    const quad = Math.floor(byte / quadBytes);
    return quad < h * w * stride && quad % stride >= offset && quad % stride < offset + quads(c);
  };
}

/** Lanes of the last quad that hold no channel must be zero: every reader counts on it. */
function unclearedLanes(place: Placement, after: ArrayBuffer, { precision }: Case): string | null {
  const padded = quads(place.c) * 4;
  // A lane of codes that is no channel meets weights of zero.
  if (place.kind === 'class' || place.kind === 'int8' || padded === place.c) return null;
  const lanes = decodeValue(after, { ...place, c: padded }, precision);
  const pixels = place.h * place.w;
  const at = lanes.findIndex((value, n) => n >= place.c * pixels && value !== 0);
  return at < 0
    ? null
    : `lane ${Math.floor(at / pixels)} of ${place.c} channels is ${lanes[at]} at pixel ${at % pixels}, it must be zero`;
}

function bytesPerQuad(kind: Value['kind'], precision: Codec): number {
  if (kind === 'int8') return 4;
  return kind === 'exact' || precision === 'f32' ? 16 : 8;
}

function placed({ shape, kind }: Value, slot: number, precision: Codec): Placement {
  return { slot, ...shape, stride: kind === 'map' ? pixelStride(shape.c, precision) : quads(shape.c), offset: 0, start: 0, kind };
}

/** NaN in every quad that belongs to no channel, and behind the value; of blocks, which have none, their largest numbers. */
function poisoned(bytes: Uint8Array, place: Placement, precision: Codec): Uint8Array<ArrayBuffer> {
  const poison = new Uint8Array(bytes.length + GUARD);
  const view = new DataView(poison.buffer);
  const half = bytesPerQuad(place.kind, precision) === 8;
  for (let n = 0; n < poison.length; n += half ? 2 : 4)
    half ? view.setUint16(n, precision === 'block' ? 0xffff : 0x7e00, true) : view.setUint32(n, 0x7fc00000, true);
  const own = ownBytes(place, precision);
  bytes.forEach((byte, n) => {
    if (own(n)) poison[n] = byte;
  });
  return poison;
}

function numbersOf(row: Row, name: string, { shape: { c, h, w }, kind }: Value): Float32Array {
  if (row.fill) return Float32Array.from({ length: c * h * w }, (_, i) => row.fill!(name, i));
  const [scale, offset] = kind === 'int8' ? [256, -128] : [2, -1];
  return uniform(`${row.name}.${name}`, c * h * w).map(u =>
    kind === 'int8' ? Math.floor(scale * u) + offset : scale * u + offset,
  );
}

/** The rule follows the tensor's name and shape, the numbers the row's name too. */
/** In exact arithmetic the rounding of weights alone costs up to 1.1e-3 of the largest value, where a row has few of them. */
function roundedWeights({ constants }: Node, read: ReadConstant): ReadConstant {
  const { weight, shortcut } = constants as { readonly weight?: Constant; readonly shortcut?: Constant };
  return Object.assign((constant: Constant) => {
    const numbers = read(constant);
    if (constant !== weight && constant !== shortcut) return numbers;
    const bytes = encodeFloat16(Float32Array.from(numbers));
    return toFloat64({ dtype: 'F16', shape: [numbers.length], bytes });
  }, read);
}

function seeded(row: Row, name: string, shape: readonly number[]) {
  if (!row.constant) return seededTensor(`${row.name}.${name}`, shape);
  return fromFloat32(
    shape,
    Float32Array.from({ length: count(shape) }, (_, i) => row.constant!(name, i)),
  );
}

/** Does a node read the frame? */
export function readsFrame(node: Node): node is NodeOf<'preprocess' | 'stem'> {
  return node.op === 'preprocess' || node.op === 'stem';
}

function frameOf({ node, frame, name }: Row): Case['frame'] {
  if (!readsFrame(node) || !frame) return null;
  const { h, w } = frame;
  if (node.attributes.form !== 'tensor') return { bytes: Uint8Array.from(uniform(name, h * w * 4), u => u * 256), h, w };
  return { bytes: new Uint8Array(uniform(name, h * w * 3).map(u => 4 * u - 2).buffer), h, w };
}

function stemOf(node: Node, { bytes, h, w }: NonNullable<Case['frame']>, read: ReadConstant): [string, Field][] {
  if (!readsFrame(node)) throw new Error(`${node.op} reads no frame`);
  const pixels = { data: bytes, width: w, height: h };
  const planes = (): Field => field({ c: 3, h, w }, Float64Array.from(new Float32Array(bytes.buffer)));
  if (node.op === 'preprocess') {
    const { attributes } = node;
    if (attributes.form === 'tensor') return [[node.name, planes()]];
    const cut = attributes.tile
      ? tile(pixels, attributes, attributes, attributes.tile)
      : preprocess(pixels, attributes, attributes);
    return [[node.name, cut]];
  }
  const { weight, bias, project, projectBias } = node.constants;
  const { geometry, fused } = node.attributes;
  const options = { geometry, ...fused, weight: read(weight), bias: bias ? read(bias) : null, out: shapeOf(weight)[0] };
  const first = node.attributes.form === 'tensor' ? conv(planes(), options) : stem(pixels, node.attributes, options);
  if (!project) return [[node.name, first]];
  const made = chain(first, {
    ...{ weight: read(project), bias: projectBias ? read(projectBias) : null },
    ...{ out: shapeOf(project)[0], activation: fused.projected },
  });
  return [[node.name, made.y], ...(fused.halved ? [[fused.halved, made.halved] as [string, Field]] : [])];
}

/** The kernel of a row's node; a row that another kernel takes would test nothing. */
export function kernelOf({ kernel }: KernelTable, row: Row): Kernel {
  const found = kernelFor(row.node);
  if (found.name !== kernel) throw new Error(`${kernel} "${row.name}": kernel ${found.name} takes this node`);
  return found;
}

/** The variants that can make a row's node. */
export function variantsOf(table: KernelTable, row: Row): Variant[] {
  return [...variantsFor(kernelOf(table, row), row.node)];
}
