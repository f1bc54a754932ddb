// The judge that needs no driver: wgsl_reflect runs a shader's text statement by statement. It is slow and it is another reading of
// WGSL, so it sees only the smallest rows of kernels whose lanes work alone, with the float32 codec.
import { WgslExec, WgslParser } from 'wgsl_reflect/wgsl_reflect.module.js';
import { FRAME } from '../src/graph/graph.ts';
import { packFor } from '../src/kernels/index.ts';
import type { Step } from '../src/plan/plan.ts';
import { packParams } from '../src/shader/pack.ts';
import { isCurved, type ShaderLibrary } from '../src/shader/source.ts';
import { type Case, readsFrame } from './kernels/case.ts';

/** Work that takes about a tenth of a second: pixels × channels that come out, and multiply-adds. */
const MOST_RESULTS = 700;
const MOST_MACS = 1300;

/** Is this a row that the interpreter can do, and soon? */
export function interpretable({ precision, graph, values }: Case, { shader, macs }: Step, library: ShaderLibrary): boolean {
  const results = graph.outputs.reduce((sum, name) => sum + values[name].c * values[name].h * values[name].w, 0);
  // It has no shifts of vectors, which codes are taken apart by.
  const together = /workgroupBarrier|enable subgroups|codes_of/.test(library.text(shader, precision));
  return precision === 'f32' && !together && results <= MOST_RESULTS && macs <= MOST_MACS;
}

/** What the slots hold after the dispatch. Throws what the interpreter complains of. */
export function interpret(made: Case, step: Step, library: ShaderLibrary): ArrayBuffer[] {
  const facts = library.facts(step.shader, 'f32');
  const slots = made.slots.map(slot => slot.slice().buffer);
  const bound = (name: string): unknown => {
    if (name === 'params') return { uniform: packParams(facts, step.params, step.shader) };
    if (name === 'weights') return weights(made, step);
    const value = name in step.writes ? step.writes[name] : step.reads[name];
    if (value === FRAME) return frame(made);
    return value === null ? unused() : slots[made.values[value].slot];
  };
  const group = Object.fromEntries(facts.bindings.map(({ name, binding }) => [binding, bound(name)]));
  const complaints: unknown[] = [];
  const { error } = console;
  console.error = (...text: unknown[]) => complaints.push(text.join(' '));
  try {
    executor(dialect(library.text(step.shader, 'f32', 'f32', isCurved(step)), step)).dispatchWorkgroups('main', [...step.grid], {
      0: group,
    });
  } finally {
    console.error = error;
  }
  if (complaints.length > 0) throw new Error(`the interpreter says: ${complaints[0]}`);
  return slots;
}

const unused = (): ArrayBuffer => new ArrayBuffer(256);

function weights({ row, read }: Case, step: Step): ArrayBuffer {
  return step.weights === null ? unused() : packFor(step)(row.node, read, 'f32').slice().buffer;
}

function frame({ frame: given, row: { node } }: Case): unknown {
  const { bytes, h, w } = given!;
  return readsFrame(node) && node.attributes.form !== 'tensor'
    ? { texture: [bytes.buffer], descriptor: { format: 'rgba8unorm', size: [w, h] } }
    : bytes.buffer;
}

/** Numbers as WGSL has them. */
const printed: Readonly<Record<string, (value: unknown) => string>> = {
  u32: value => `${value}u`,
  f32: value => Number(value).toFixed(9),
};

/** The same program in words that the interpreter knows: no alias or override, no external texture, three workgroup sizes, no += of matrices. */
function dialect(text: string, { overrides }: Step): string {
  const lanes = /const LANES = (\d+)u;/.exec(text)?.[1];
  return text
    .replace(/^alias (stored|packed) = vec4f;$/gm, '')
    .replace(/\b(stored|packed)\b/g, 'vec4f')
    .replace(/^override (\w+): (\w+) = [^;]+;/gm, (_line, name: string, type: string) => {
      return `const ${name}: ${type} = ${printed[type]?.(overrides[name]) ?? overrides[name]};`;
    })
    .replace(/(textureLoad\(frame, vec2[iu]\(\w+, \w+\))\)/, '$1, 0)')
    .replace(/(var frame: )texture_external;/, '$1texture_2d<f32>;')
    .replace(/@workgroup_size\((\w+)\)/, (_match, size: string) => `@workgroup_size(${size === 'LANES' ? lanes : size}, 1, 1)`)
    .replace(/^( *)(\w+) \+= ([^;]+);/gm, '$1$2 = $2 + ($3);');
}

/** The parts of the interpreter that are put right below, which its types keep to themselves. */
interface Inner {
  _call(node: CallNode, context: Context): void;
  _evalCallValue(node: CallNode, context: Context): unknown;
  _evalBinaryOpValue(node: BinaryNode, context: Context): unknown;
  _execStatements(body: unknown, context: Context): unknown;
  evalExpression(node: unknown, context: Context): { typeInfo?: { name: string }; data?: Float32Array } | null;
}
interface CallNode {
  readonly name: string;
  readonly args: readonly unknown[];
}
interface BinaryNode {
  readonly operator: string;
  readonly left: unknown;
  readonly right: unknown;
}
interface Context {
  currentFunctionName: string;
  clone(): Context;
  createVariable(name: string, value: unknown, node: unknown): void;
  getFunction(name: string): { node: { args: readonly { name: string }[]; body: unknown } } | null;
}

/** Version 1.6.0 with two faults put right: arguments overwrote the caller's variables, matrix products came out transposed. */
function executor(text: string): WgslExec {
  const exec = new WgslExec(new WgslParser().parse(text));
  const inner = exec as unknown as Inner;
  const before = {
    call: inner._call.bind(inner),
    evalCall: inner._evalCallValue.bind(inner),
    evalBinary: inner._evalBinaryOpValue.bind(inner),
  };
  const invoke = (node: CallNode, context: Context): unknown => {
    const { args, body } = context.getFunction(node.name)!.node;
    const values = node.args.map(arg => inner.evalExpression(arg, context));
    const own = context.clone();
    own.currentFunctionName = node.name;
    for (const [n, arg] of args.entries()) own.createVariable(arg.name, values[n], arg);
    return inner._execStatements(body, own);
  };
  inner._call = (node, context) => void (context.getFunction(node.name) ? invoke(node, context) : before.call(node, context));
  inner._evalCallValue = (node, context) =>
    context.getFunction(node.name) ? invoke(node, context) : before.evalCall(node, context);
  inner._evalBinaryOpValue = (node, context) => {
    const result = before.evalBinary(node, context) as ReturnType<Inner['evalExpression']>;
    const isMatrix = (part: unknown): boolean => inner.evalExpression(part, context)?.typeInfo?.name.startsWith('mat4x4') ?? false;
    if (node.operator !== '*' || !result?.typeInfo?.name.startsWith('mat4x4') || !isMatrix(node.left) || !isMatrix(node.right))
      return result;
    const { data } = result;
    data!.set(data!.slice().map((_, n, all) => all[(n % 4) * 4 + Math.floor(n / 4)]));
    return result;
  };
  return exec;
}
