// `npm run test:onnx-nodes [part of a name] [webgpu]`: the tests that ONNX's own repository has of its operators, each one node with inputs and outputs, from
// Debian's package libonnx-testdata (or a folder named by --data). Float tensors are maps, all else is known before; of several pictures each
// is run by itself. Without the
// second word on the CPU reference. What is refused is no failure: the summary counts it, with its reasons. ../shared/onnx/node-tests.json says which of
// them are one map through one node.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AtrousError } from '../../src/errors.ts';
import { importOnnx, refusalsOf } from '../../src/onnx/import.ts';
import type { Initializer, OnnxModel } from '../../src/onnx/model.ts';
import { fromPlanes, planes } from '../../src/onnx/planes.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { count, toFloat32 } from '../../src/weights/tensor.ts';
import { deviceJudge } from '../judges.ts';
import { shared } from '../shared.ts';
import { bytes, int, message, text } from '../weights/protobuf.ts';
import { onCpu, onDevice, type Runner } from './networks.ts';
import { onnx } from './writer.ts';

/** Where the package puts them. */
const DEBIAN = '/usr/share/libonnx-testdata/data/node';

interface Tested {
  readonly model: OnnxModel;
  readonly inputs: ReadonlyMap<string, Initializer>;
  readonly outputs: ReadonlyMap<string, Initializer>;
}

/** A tensor by itself, which the reader takes as the value of a Constant. */
function readTensor(file: string): Initializer {
  const extra = [message(5, text(1, 'value'), int(20, 4), bytes(5, readFileSync(file)))];
  const model = readOnnx(onnx({ outputs: ['o'], nodes: [{ op: 'Constant', inputs: [], outputs: ['o'], extra }] }), file);
  const value = model.nodes[0].attributes.get('value');
  if (value?.kind !== 'tensor') throw new Error(`${file} holds no tensor`);
  return value.value;
}

function readTest(folder: string): Tested {
  const model = readOnnx(readFileSync(join(folder, 'model.onnx')), 'model.onnx');
  const data = join(folder, 'test_data_set_0');
  const all = (what: 'input' | 'output', names: readonly string[]): Map<string, Initializer> =>
    new Map(names.map((name, n) => [name, readTensor(join(data, `${what}_${n}.pb`))]));
  return {
    model,
    inputs: all(
      'input',
      model.inputs.map(({ name }) => name),
    ),
    outputs: all(
      'output',
      model.outputs.map(({ name }) => name),
    ),
  };
}

const isMap = ({ dtype, shape }: Initializer): boolean => dtype.startsWith('F') && shape.length > 0 && count(shape) > 0;

/** How a test's inputs are given. */
interface Form {
  /** Only the first map as one, the others as constants. */
  readonly alone: boolean;
  /** Several pictures at once, or one after another with their own part of what else has as many, or with all of it. */
  readonly pictures: 'together' | 'apart' | 'apart, the rest whole';
}
const FORMS = (['together', 'apart', 'apart, the rest whole'] as const).flatMap(pictures =>
  [true, false].map((alone): Form => ({ alone, pictures })),
);

/** Picture n of a tensor that holds several. */
function pictureOf(tensor: Initializer, n: number): Initializer {
  const [pictures, ...rest] = tensor.shape;
  const size = tensor.bytes.byteLength / pictures;
  return { ...tensor, shape: [1, ...rest], bytes: tensor.bytes.subarray(n * size, (n + 1) * size) };
}

/** The test itself, or one for each of its pictures: most operators take one at a time. */
function runs(test: Tested, { pictures }: Form): readonly Tested[] {
  const [first] = [...test.inputs.values()].filter(isMap);
  const number = first?.shape[0];
  if (!first || number === 1 || pictures === 'together') return [test];
  const own = (tensor: Initializer): boolean => tensor.shape.length === first.shape.length && tensor.shape[0] === number;
  if (![...test.outputs.values()].every(({ shape }) => shape[0] === number)) return [test];
  const cut = (tensors: Tested['inputs'], n: number, which: (tensor: Initializer) => boolean): Tested['inputs'] =>
    new Map([...tensors].map(([name, tensor]) => [name, which(tensor) ? pictureOf(tensor, n) : tensor]));
  const open = test.model.inputs.map(port => ({ ...port, dims: null }));
  return Array.from({ length: number }, (_, n) => ({
    model: { ...test.model, inputs: open },
    inputs: cut(test.inputs, n, tensor => tensor === first || (pictures === 'apart' && own(tensor))),
    outputs: cut(test.outputs, n, () => true),
  }));
}

/** The largest error over what is allowed of the largest value; a cast to float16 changes no number here, so of what is one 2^-10 is. */
async function judge({ model, inputs, outputs }: Tested, run: Runner, { alone }: Form): Promise<number> {
  const maps = new Map([...inputs].filter(([, tensor]) => isMap(tensor)).slice(0, alone ? 1 : undefined));
  const bound: OnnxModel = {
    ...model,
    inputs: model.inputs.filter(({ name }) => maps.has(name)),
    initializers: new Map([...model.initializers, ...[...inputs].filter(([name]) => !maps.has(name))]),
  };
  const shapes = new Map([...maps].map(([name, { shape }]) => [name, shape]));
  const imported = importOnnx(bound, shapes);
  const given = new Map([...imported.inputs].map(([name, value]) => [value.value, planes(value, toFloat32(maps.get(name)!))]));
  const made = await run(imported, given);
  let worst = 0;
  for (const [name, value] of imported.outputs) {
    const [got, expected] = [fromPlanes(value, made.get(value.value)!), toFloat32(outputs.get(name)!)];
    if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
    const allowed = outputs.get(name)!.dtype === 'F16' ? 2 ** -10 : 1e-4;
    const scale = allowed * expected.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-6);
    // An infinity or NaN that is expected is as right as a number.
    expected.forEach((each, n) => {
      if (!Object.is(got[n], each))
        worst = Math.max(worst, Number.isNaN(got[n] - each) ? Number.POSITIVE_INFINITY : Math.abs(got[n] - each) / scale);
    });
  }
  return worst;
}

interface Verdict {
  readonly kind: 'right' | 'wrong' | 'refused';
  readonly why: string;
}

/** By the first form in which it is right. */
async function verdict(folder: string, run: Runner): Promise<Verdict> {
  let last: Verdict = { kind: 'refused', why: '' };
  for (const form of FORMS) {
    try {
      let error = 0;
      for (const one of runs(readTest(folder), form)) error = Math.max(error, await judge(one, run, form));
      if (error <= 1) return { kind: 'right', why: '' };
      last = { kind: 'wrong', why: `off by ${error.toPrecision(2)} times what is allowed` };
    } catch (error) {
      if (!(error instanceof AtrousError)) throw error;
      const reasons = refusalsOf(error).map(({ op, reason }) => `${op}: ${reason}`);
      if (last.kind === 'refused' && last.why === '')
        last = { kind: 'refused', why: [...new Set(reasons)].join('; ') || error.message };
    }
  }
  return last;
}

const words = process.argv.slice(2);
const at = words.indexOf('--data');
const data = at < 0 ? DEBIAN : words.splice(at, 2)[1];
const [part = '', backend = 'cpu'] = words;
if (!existsSync(data)) throw new Error(`${data} is missing: apt-get install libonnx-testdata, or say --data FOLDER`);
const judged = backend === 'webgpu' ? await deviceJudge() : null;
if (backend === 'webgpu' && !judged) throw new Error('no device here');
const device = judged && onDevice(judged.device, judged.facts, 'f32');
const list = shared('onnx/node-tests.json', 'all tests are counted together');
const known: Record<string, Record<string, string[]>> = list ? JSON.parse(readFileSync(list, 'utf8')) : {};
const present = readdirSync(data).map(name => name.replace(/^test_/, ''));
const groups: [title: string, names: readonly string[]][] = list
  ? Object.entries(known).map(([title, operators]) => [title, Object.values(operators).flat()])
  : [['all', present]];
let failed = 0;
let judgements = 0;
for (const [title, names] of groups) {
  const counts = { right: 0, wrong: 0, refused: 0 };
  for (const name of names.filter(each => each.includes(part) && present.includes(each))) {
    const { kind, why } = await verdict(join(data, `test_${name}`), device?.run ?? onCpu);
    counts[kind]++;
    judgements++;
    if (kind !== 'right') console.log(`${kind.padEnd(8)} ${name}: ${why}`);
  }
  failed += counts.wrong;
  console.log(`${title}: ${counts.right} right, ${counts.wrong} wrong, ${counts.refused} refused`);
}
if (judgements === 0) console.log(`no test has "${part}" in its name`);
device?.close();
judged?.device.destroy();
process.exit(failed || judgements === 0 ? 1 : 0);
