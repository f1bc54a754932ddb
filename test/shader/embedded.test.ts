// What a build embeds says the same as the files: every program in every precision, its facts, and no group that a plan would miss.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { embeddedShaders } from '../../build-shaders.ts';
import { MATRIX_FEATURE } from '../../src/gpu/flags.ts';
import { matrices } from '../../src/kernels/matrices.ts';
import { fileLibrary, readShaders } from '../../src/node/shader-files.ts';
import { decodeFacts, type EmbeddedShaders, embeddedLibrary, encodeFacts, type ShaderGroup } from '../../src/shader/embedded.ts';
import { matrixText } from '../../src/shader/matrix-text.ts';
import { compilerJudge } from '../judges.ts';
import { sat } from '../record.ts';

const { library, groups } = embeddedShaders();
const shaders = [...readShaders().keys()].filter(path => !path.startsWith('lib/'));

/** The modules as a bundler would join them. */
function evaluate(fetched: string[]): EmbeddedShaders {
  const data = /embeddedLibrary\((\{.*\})\)/s.exec(library)![1];
  const group = (name: string): Promise<ShaderGroup> => {
    fetched.push(name);
    return Promise.resolve(new Function(`${groups.get(name)!.replaceAll('export const', 'var')} return { texts, facts };`)());
  };
  return new Function('group', `return (${data.replaceAll('import(', 'group(')})`)(group);
}

/** A program without what no compiler sees. */
function tokens(wgsl: string): string[] {
  return wgsl.replace(/\/\/.*$/gm, '').match(/\d[\w.]*|[A-Za-z_]\w*|\S/g)!;
}

/** Words of WGSL that a file could not tell from names. */
const RESERVED = /^(as|do|fn|if|of|or|for|let|var|_)$/;

test('programs of embedded texts are the files’ programs but for names, and have their facts', async () => {
  const files = fileLibrary();
  // One dictionary for all of them: what is one name stays one, what is two stays two.
  const [short, long] = [new Map<string, string>(), new Map<string, string>()];
  for (const shader of shaders) {
    const embedded = embeddedLibrary(evaluate([]));
    assert.equal(embedded.brief(shader).workgroup, files.brief(shader).workgroup);
    await embedded.load([shader], 'half');
    await embedded.load([shader], 'block');
    for (const precision of ['f32', 'half', 'f16', 'block'] as const) {
      assert.equal(embedded.facts(shader, precision), files.facts(shader, precision));
      for (const store of ['f32', 'half'] as const) {
        const [made, wanted] = [embedded, files].map(from => tokens(from.text(shader, precision, store)));
        assert.is(made.length, wanted.length, `${shader} ${precision} ${store}`);
        for (const [n, token] of wanted.entries()) {
          if (!short.has(token)) short.set(token, made[n]);
          if (!long.has(made[n])) long.set(made[n], token);
          assert.is(made[n], short.get(token), `${shader}: two names for ${token}`);
          assert.is(token, long.get(made[n]), `${shader}: ${made[n]} stands for two`);
          if (made[n] === token) continue;
          assert.match(token, /^[A-Za-z_]\w+$/);
          assert.match(made[n], /^[A-Za-z]{1,2}$/);
          assert.not.match(made[n], RESERVED);
        }
      }
      // Values are given to these by their names.
      const overrides = [...embedded.text(shader, precision).matchAll(/override (\w+):/g)].map(([, name]) => name);
      assert.equal(overrides.sort(), Object.keys(files.facts(shader, precision).overrides).sort());
    }
  }
  assert.ok([...short].filter(([token, made]) => token !== made).length > 100);
  for (const word of ['vec4f', 'select', 'return', 'storage', 'main', 'global_invocation_id']) assert.is(short.get(word), word);
});

/** Their programs are told an adapter's form, and maps are halves. */
const byMatrices = new Set(Object.values(matrices).flatMap(rows => rows.map(({ shader }) => shader)));
const form = { m: 8, n: 8, k: 8, operands: 'f16', sums: 'f32', lanes: 8, sized: false } as const;

const sitting = await compilerJudge(['subgroups', 'shader-f16', MATRIX_FEATURE]);
test.after(() => sitting?.close());
(sitting ? test : test.skip)('every embedded program compiles', async () => {
  const { device, who } = sitting!;
  const embedded = embeddedLibrary(evaluate([]));
  await embedded.load(shaders, 'half');
  for (const shader of shaders) {
    for (const [precision, store] of [
      ['f32', 'f32'],
      ['half', 'half'],
      ['f16', 'half'],
    ] as const) {
      const matrix = byMatrices.has(shader);
      if (matrix && precision === 'f32') continue;
      const code = matrix
        ? matrixText(embedded, { shader, overrides: {} }, precision, form)
        : embedded.text(shader, precision, store);
      const module = device.createShaderModule({ label: shader, code });
      await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    }
  }
  sat('compiler', who);
});

test('a plan fetches the one group that has all its shaders, once; a shader of others fetches theirs', async () => {
  const fetched: string[] = [];
  const embedded = embeddedLibrary(evaluate(fetched));
  for (const [wanted, groups] of [
    [['pointwise.wide', 'classify'], ['shaders-cpu']],
    [['pointwise.wide'], ['shaders-cpu']],
    [
      ['deconv', 'classify'],
      ['shaders-cpu', 'shaders-other'],
    ],
    [
      ['tail', 'gated', 'classify'],
      ['shaders-cpu', 'shaders-other', 'shaders-gpu'],
    ],
  ]) {
    await embedded.load(wanted, 'f32');
    assert.equal(fetched, groups, wanted.join());
  }
  // Where subgroups have eight lanes.
  fetched.length = 0;
  await embedded.load(['conv.octet', 'classify.octet'], 'f32');
  assert.equal(fetched, ['shaders-octet']);
  for (const precision of ['half', 'f16'] as const) {
    fetched.length = 0;
    await embedded.load(['classify'], precision);
    assert.equal(fetched, ['shaders-halves'], precision);
  }
  // Networks that have it nearly always have a shader of theirs too.
  fetched.length = 0;
  await embedded.load(['classify'], 'block');
  assert.equal(fetched, ['shaders-other']);
});

test('facts survive their short form', () => {
  const facts = {
    bindings: [
      { name: 'params', binding: 0, kind: 'uniform' },
      { name: 'frame', binding: 1, kind: 'texture' },
      { name: 'weights', binding: 2, kind: 'read' },
      { name: 'y', binding: 3, kind: 'write' },
    ],
    params: {
      size: 48,
      fields: [
        { name: 'height', offset: 0, type: 'u32' },
        { name: 'mean', offset: 16, type: 'vec4f' },
        { name: 'scale', offset: 32, type: 'f32' },
      ],
    },
    overrides: { RELU: 'bool', QUADS: 'u32' },
    workgroup: 'LANES',
  } as const;
  assert.is(encodeFacts(facts), '@params #frame weights >y|height mean* scale~|RELU? QUADS|LANES');
  assert.equal(decodeFacts(encodeFacts(facts)), facts);
});

test.run();
