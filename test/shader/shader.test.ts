// The grammar of shaders/: every file a valid program by itself, within WebGPU's default limits, of one mind with its descriptor.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernels, rowsOf } from '../../src/kernels/index.ts';
import { fileLibrary, readShaders } from '../../src/node/shader-files.ts';
import type { Step } from '../../src/plan/plan.ts';
import { packParams } from '../../src/shader/pack.ts';
import { reflect } from '../../src/shader/reflect.ts';
import { ACTIVATION, assemble, type Codec, CURVED, isCurved, libsOf } from '../../src/shader/source.ts';
import { compilerJudge } from '../judges.ts';
import { caseStep, factsWith, makeCase, variantsOf } from '../kernels/case.ts';
import { tables } from '../kernels/index.ts';
import { sat } from '../record.ts';

/** WebGPU's default maxStorageBuffersPerShaderStage. */
const STORAGE_BUFFERS = 8;
const CODECS: readonly Codec[] = ['f32', 'half', 'f16', 'block'];

const texts = readShaders();
const library = fileLibrary(texts);
const shaders = [...texts.keys()].filter(path => !path.startsWith('lib/'));
const libs = [...texts.keys()].filter(path => path.startsWith('lib/'));

for (const shader of shaders) {
  test(`${shader}: no preprocessor, no template, a first line that says what it is`, () => {
    const text = texts.get(shader)!;
    assert.not.match(text, /^\s*#|\$\{/m);
    assert.match(text, /^\/\/ \S/);
    assert.not.match(text, /\[\[|\bstorageBarrier\b/);
  });

  test(`${shader}: bindings in order, at most ${STORAGE_BUFFERS} storage buffers`, () => {
    for (const precision of CODECS) {
      const { bindings, params, workgroup } = library.facts(shader, precision);
      const buffers = bindings.filter(({ kind }) => kind === 'read' || kind === 'write');
      assert.ok(buffers.length <= STORAGE_BUFFERS, `${buffers.length} storage buffers: ${buffers.map(({ name }) => name)}`);
      assert.is(bindings[0].name, 'params');
      assert.is(params.size % 16, 0);
      // Where an override says how many lanes there are, its comment says how many there can be.
      const said = /^override LANES: u32 = \d+u; .*?(\d+)$/m.exec(library.text(shader, precision));
      assert.ok((typeof workgroup === 'number' ? workgroup : Number(said?.[1])) <= 256);
    }
  });
}

test('every lib is used', () => {
  const codecs = new Set([
    ...CODECS.map(precision => `lib/${precision}`),
    'lib/weights.half',
    'lib/matrix.flags',
    'lib/matrix.codes.flags',
    CURVED,
  ]);
  const all = [...texts.values()].join('\n');
  for (const lib of libs)
    assert.ok(codecs.has(lib) || all.includes(`// use ${lib}.wgsl\n`), `shaders/${lib}.wgsl is used by no shader`);
});

test('every variant has its shader', () => {
  for (const kernel of kernels())
    for (const { shader } of rowsOf(kernel))
      assert.ok(texts.has(shader), `kernel ${kernel.name}: shaders/${shader}.wgsl does not exist`);
});

test('every kernel ends with a row that any adapter can run, if slowly', () => {
  for (const { variants } of kernels()) assert.is(variants.at(-1)!.needs.features, undefined);
});

for (const table of tables) {
  test(`${table.kernel}: descriptor and shader agree both ways`, () => {
    for (const row of table.rows) {
      const [made, rounded] = (['f32', 'f16'] as const).map(precision => makeCase(table, row, precision));
      for (const variant of variantsOf(table, row))
        agree(caseStep(variant.needs.matrix ? rounded : made, variant.name, factsWith(variant), library));
    }
  });
}

function agree({ shader, overrides, params, reads, writes }: Step): void {
  for (const precision of CODECS) {
    const curved = isCurved({ overrides });
    const facts = reflect(assemble(texts, shader, precision, 'f32', curved), shader);
    assert.equal(Object.keys(overrides).sort(), Object.keys(facts.overrides).sort(), `overrides of ${shader}`);
    for (const [name, type] of Object.entries(facts.overrides))
      assert.is(typeof overrides[name], type === 'bool' ? 'boolean' : 'number', `${shader}: ${name} is ${type}`);
    packParams(facts, params, shader);
    const bound = ['params', ...Object.keys(reads), ...Object.keys(writes)];
    const declared = facts.bindings.map(({ name }) => name).filter(name => name !== 'weights');
    assert.equal(bound.sort(), declared.sort(), `bindings of ${shader}`);
    const outputs = facts.bindings.filter(({ kind }) => kind === 'write').map(({ name }) => name);
    assert.equal(Object.keys(writes).sort(), outputs.sort(), `outputs of ${shader}`);
  }
}

/** What a shader's variant needs. */
function featuresOf(shader: string): readonly string[] {
  const variant = kernels()
    .flatMap(rowsOf)
    .find(each => each.shader === shader);
  return variant ? factsWith(variant).features : [];
}

const compilers = new Map<string, Awaited<ReturnType<typeof compilerJudge>>>();
for (const shader of shaders) {
  for (const precision of CODECS) {
    const features = [...featuresOf(shader), ...(precision === 'f16' ? ['shader-f16'] : [])] as GPUFeatureName[];
    if (!compilers.has(features.join())) compilers.set(features.join(), await compilerJudge(features));
    const sitting = compilers.get(features.join());
    if (!sitting) {
      test.skip();
      continue;
    }
    for (const curved of libsOf(texts, shader).includes(ACTIVATION) ? [false, true] : [false]) {
      test(`${shader}: valid with its default knobs, ${precision}${curved ? ', ending in a curve' : ''}`, async () => {
        const { device, who } = sitting;
        const code = library.text(shader, precision, 'f32', curved);
        await device.createComputePipelineAsync({
          layout: 'auto',
          compute: { module: device.createShaderModule({ label: shader, code }) },
        });
        sat('compiler', who);
      });
    }
  }
}
test.after(() => {
  for (const sitting of compilers.values()) sitting?.close();
});

test('the codec line is replaced, other libs are joined', () => {
  const own = new Map([
    ['x', '// use lib/f32.wgsl\n// use lib/y.wgsl\nfn main() {}\n'],
    ['lib/f32', 'alias stored = vec4f;'],
    ['lib/half', 'alias stored = vec2u;'],
    ['lib/y', 'const Y = 1u;'],
  ]);
  assert.is(assemble(own, 'x', 'f32'), 'alias stored = vec4f;\nconst Y = 1u;\nfn main() {}\n');
  assert.is(assemble(own, 'x', 'half'), 'alias stored = vec2u;\nconst Y = 1u;\nfn main() {}\n');
  refuses(() => assemble(own, 'x', 'f16'), /shaders\/lib\/f16\.wgsl does not exist \(wanted by x\)/);
});

/** A program of one input and one output, whose parts a case replaces. */
function program({
  params = 'size: u32',
  uniform = '@group(0) @binding(0) var<uniform> params: Params;',
  input = '@group(0) @binding(1) var<storage, read> x: array<vec4f>;',
  output = '@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;',
  size = '64',
  main = 'fn main() { y[0] = x[0] * f32(params.size); }',
} = {}): string {
  return `struct Params { ${params} }\n${uniform}\n${input}\n${output}\n@compute @workgroup_size(${size})\n${main}\n`;
}

test('reflection of a small program', () => {
  const text = program({ params: 'size: u32, scale: vec4f, last: f32', size: 'LANES' });
  assert.equal(reflect(`const LANES = 128u;\noverride FLAG: bool = false;\noverride N: u32 = 1u;\n${text}`, 'small'), {
    bindings: [
      { name: 'params', binding: 0, kind: 'uniform' },
      { name: 'x', binding: 1, kind: 'read' },
      { name: 'y', binding: 2, kind: 'write' },
    ],
    params: {
      size: 48,
      fields: [
        { name: 'size', offset: 0, type: 'u32' },
        { name: 'scale', offset: 16, type: 'vec4f' },
        { name: 'last', offset: 32, type: 'f32' },
      ],
    },
    overrides: { FLAG: 'bool', N: 'u32' },
    workgroup: 128,
  });
});

test('a workgroup size that an override says', () => {
  assert.is(reflect(`override N: u32 = 64u;\n${program({ size: 'N' })}`, 'small').workgroup, 'N');
});

const broken: [string, string, RegExp][] = [
  ['a syntax error', program({ main: 'fn main() { let }' }), /shaders\/x\.wgsl: does not parse/],
  ['another entry point', program().replace('fn main', 'fn start'), /exactly one entry point, main/],
  [
    'a gap in the bindings',
    program().replace('@binding(2)', '@binding(3)'),
    /"y" is @group\(0\) @binding\(3\), expected @group\(0\) @binding\(2\)/,
  ],
  ['another group', program().replace('@group(0) @binding(1)', '@group(1) @binding(1)'), /"x" is @group\(1\)/],
  [
    'outputs before inputs',
    program({
      input: program()
        .match(/.*y: array.*/)![0]
        .replace('(2)', '(1)'),
      output: program()
        .match(/.*x: array.*/)![0]
        .replace('(1)', '(2)'),
    }),
    /params, inputs, weights, outputs/,
  ],
  [
    'a storage variable that is no array',
    program({ output: '@group(0) @binding(2) var<storage, read_write> y: vec4f;' }),
    /"y" must be an array/,
  ],
  [
    'a parameter that has no plain bytes',
    program({ params: 'size: u32, m: mat4x4f' }),
    /parameter "m" is mat4x4f, allowed are u32, f32, vec2u, vec4u, vec4f/,
  ],
  ['no params', program({ uniform: '', input: '', main: 'fn main() {}' }).replace('@binding(2)', '@binding(0)'), /params, inputs/],
  [
    'a workgroup size that nothing says',
    `override N: bool = true;\n${program({ size: 'N' })}`,
    /@workgroup_size that is a number, a const or an override/,
  ],
];

for (const [title, text, message] of broken) test(`reflection refuses ${title}`, () => refuses(() => reflect(text, 'x'), message));

test('parameters are packed by name', () => {
  const facts = reflect(program({ params: 'size: u32, scale: vec4f, last: f32, many: vec4u' }), 'x');
  const bytes = packParams(facts, { last: 0.5, many: [1, 2, 3, 4], size: 7, scale: [1, -2, 3, -4] }, 'x');
  assert.equal(
    [...new Uint32Array(bytes)].filter((_, n) => n === 0 || n >= 12),
    [7, 1, 2, 3, 4],
  );
  assert.equal([...new Float32Array(bytes, 16, 5)], [1, -2, 3, -4, 0.5]);
});

test('unknown and missing parameters are named', () => {
  const facts = reflect(program({ params: 'size: u32, last: f32' }), 'x');
  refuses(
    () => packParams(facts, { size: 1, lost: 2 }, 'x'),
    /^parameters of shaders\/x\.wgsl: missing \[last\], unknown \[lost\]$/,
  );
});

function refuses(action: () => unknown, message: RegExp): void {
  assert.throws(action, (error: { code: string; message: string }) => error.code === 'BAD_SHADER' && message.test(error.message));
}

test.run();
