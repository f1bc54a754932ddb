// Everything that is exported, every argument and every option, with everything that a program may hand over by mistake: an AtrousError with a code and
// one short line. What is exported and not in the table fails, and so does an option that takes a value which is not listed as right for it.
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TextureUsage } from '../../src/gpu/flags.ts';
import * as front from '../../src/index.ts';
import { nodeDevice, shaderLibrary } from '../../src/node/engine.ts';
import * as node from '../../src/node/index.ts';
import { Segmenter } from '../../src/segmenter.ts';
import { at, home } from '../cli/harness.ts';
import { parts } from './tiny.ts';

// A text may be the name of a file.
const cwd = process.cwd();
test.before(() => process.chdir(home));
test.after(() => process.chdir(cwd));

const MOST = 300;

function thrower(): never {
  throw new TypeError(`no\n${'entry '.repeat(100)}`);
}

/** An object of which no property can be read, whatever it is called. */
const trap = new Proxy(
  {},
  { get: thrower, has: thrower, ownKeys: thrower, getPrototypeOf: thrower, getOwnPropertyDescriptor: thrower },
);

/** Has all properties that anything is asked for, and each throws. */
const getters = Object.defineProperties(
  {},
  Object.fromEntries(
    'data width height classes palette steps values size model std seed dtype shape bytes aborted addEventListener queue limits message then name'
      .split(' ')
      .map(name => [name, { enumerable: true, get: thrower }]),
  ),
);

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(64);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

const view = new Uint8Array(16);
structuredClone(view.buffer, { transfer: [view.buffer] });

const WRONG: readonly (readonly [name: string, value: unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-1', -1],
  ['1.5', 1.5],
  ['a bigint', 10n],
  ['true', true],
  ['a symbol', Symbol('s')],
  ['empty text', ''],
  ['text', 'text'],
  ['two megabytes of text', 'x\u001b\n'.repeat(700_000)],
  ['a function', () => {}],
  ['a list', []],
  ['a list of wrong things', [Symbol('s'), null, trap]],
  ['an object', {}],
  ['an object without prototype', Object.create(null)],
  ['a date', new Date(0)],
  ['a detached buffer', detached()],
  ['a detached array', view],
  ['getters that throw', getters],
  ['a proxy that throws', trap],
  ['an error', new Error('x'.repeat(2e6))],
];

interface Row {
  /** The function, as it is called. */
  readonly call: (...values: never[]) => unknown;
  /** Arguments with which it works. */
  readonly good: readonly unknown[];
  /** Said by a call that is right, where that would cost a device; otherwise it returns. */
  readonly reached?: RegExp;
  /** Which wrong values are right for an argument after all, by their names. */
  readonly takes?: readonly (readonly string[])[];
  /** The argument that is an object of options, and what each of them takes of the above. */
  readonly options?: { readonly place: number; readonly takes: Readonly<Record<string, readonly string[]>> };
}

const TEXTS = ['text', 'two megabytes of text'];
const OBJECTS = ['undefined', 'an object', 'an object without prototype', 'a date', 'a detached buffer', 'an error'];
const LOAD = {
  model: TEXTS,
  card: OBJECTS,
  outputName: TEXTS,
  key: TEXTS,
  precision: [],
  variants: ['a list'],
  device: [],
  signal: [],
  onProgress: ['a function'],
  onLost: ['a function'],
  baseUrl: TEXTS,
  cache: ['true'],
  selfTest: [],
  size: [],
};
const SEGMENT = {
  output: [],
  signal: [],
  onProgress: ['a function'],
  size: [],
  tile: [],
  scores: ['true'],
  matte: ['true'],
  raw: ['a list'],
  threshold: [],
};
/** Every one of its arguments has nothing to do with what it does. */
const none: Pick<Row, 'good'> = { good: [] };

/** With another cache folder than the user's. */
function elsewhere(clear: (name?: string) => Promise<number>): typeof clear {
  return async name => {
    const { XDG_CACHE_HOME: before = '' } = process.env;
    process.env.XDG_CACHE_HOME = at('cache');
    return clear(name).finally(() => {
      process.env.XDG_CACHE_HOME = before;
    });
  };
}

const functions: Record<string, Row> = {
  'front.load': {
    call: front.load,
    good: [Uint8Array.of(1), undefined],
    reached: /the shaders are not embedded/, // in the repository the shaders are not embedded
    takes: [TEXTS, OBJECTS],
    options: { place: 1, takes: LOAD },
  },
  'node.load': {
    call: node.load,
    good: [Uint8Array.of(1), undefined],
    reached: /^the weights: /,
    takes: [[], OBJECTS],
    options: { place: 1, takes: { ...LOAD, adapter: TEXTS, enable: ['a list'], disable: ['a list'] } },
  },
  'front.identityInit': {
    call: front.identityInit,
    good: ['dilation8_camvid', undefined],
    takes: [[], OBJECTS],
    options: { place: 1, takes: { classes: [], noise: [] } },
  },
  'front.support': { call: front.support, ...none },
  'node.support': { call: node.support, ...none },
  ...Object.fromEntries(
    Object.entries({ front, node }).flatMap(([entry, { cache }]): [string, Row][] => [
      [`${entry}.cache.list`, { call: cache.list, ...none }],
      [`${entry}.cache.clear`, { call: elsewhere(cache.clear), good: ['no such file'], takes: [[...TEXTS, 'undefined']] }],
      [`${entry}.cache.persist`, { call: cache.persist, ...none }],
    ]),
  ),
  'front.printPlan': { call: front.printPlan, good: [undefined] },
  'node.readImage': { call: node.readImage, good: [undefined] },
  'node.writePng': {
    call: node.writePng,
    good: [at('map.png'), { classes: Uint8Array.of(0), width: 1, height: 1, palette: [[0, 0, 0]] }],
    takes: [['text']],
  },
  'node.writeMatte': {
    call: node.writeMatte,
    good: [at('matte.png'), { matte: Uint8Array.of(0), width: 1, height: 1 }, undefined],
    takes: [['text'], [], ['undefined']],
  },
};

/** Not called by anybody but us. */
const CLASSES = ['front.AtrousError'];

async function outcome(row: Row, values: readonly unknown[]): Promise<front.AtrousError | null> {
  try {
    await (row.call as (...all: readonly unknown[]) => unknown)(...values);
    return null;
  } catch (error) {
    assert.instance(error, front.AtrousError, `${(error as Error)?.stack}`);
    const { code, message } = error as front.AtrousError;
    assert.match(code, /^[A-Z_]+$/);
    assert.ok(message.length > 10 && message.length <= MOST, `${message.length} characters: ${message.slice(0, 400)}`);
    assert.not.match(message, /[\p{Cc}]/u, 'one line, nothing that moves a cursor');
    return row.reached?.test(message) ? null : (error as front.AtrousError);
  }
}

async function judge(name: string, row: Row): Promise<void> {
  const { good, takes = [], options } = row;
  for (const place of good.keys()) {
    for (const [what, value] of WRONG) {
      const error = await outcome(row, good.with(place, value)).catch(problem => {
        throw new Error(`${name}, argument ${place}, ${what}: ${problem.message}`);
      });
      // What is right for no call at all, such as a plan, may be missing in the good ones.
      if (!error && !(takes[place] ?? []).includes(what)) assert.unreachable(`${name}, argument ${place}: takes ${what}`);
    }
  }
  if (!options) return;
  const unknown = await outcome(row, good.with(options.place, { noSuchOption: 1 }));
  const known = /has no option "noSuchOption": there are (.*)$/.exec(unknown?.message ?? 'accepted')?.[1].split(', ');
  assert.equal(known?.sort(), Object.keys(options.takes).sort(), `${name}: ${unknown?.message}`);
  for (const [option, right] of Object.entries(options.takes)) {
    for (const [what, value] of WRONG) {
      const error = await outcome(row, good.with(options.place, { [option]: value })).catch(problem => {
        throw new Error(`${name}, option ${option}, ${what}: ${problem.message}`);
      });
      if (!error && value !== undefined && !right.includes(what)) assert.unreachable(`${name}, option ${option}: takes ${what}`);
    }
  }
}

test('the table has all that is exported', () => {
  const seen = new Set<unknown>();
  const exported = Object.entries({ front, node }).flatMap(([entry, names]) =>
    Object.entries(names)
      .flatMap(([name, value]) =>
        typeof value === 'object'
          ? Object.entries(value).map(([own, each]) => [`${name}.${own}`, each] as const)
          : [[name, value] as const],
      )
      .filter(([, value]) => typeof value === 'function' && !seen.has(value) && seen.add(value))
      .map(([name]) => `${entry}.${name}`),
  );
  assert.equal(exported.sort(), [...Object.keys(functions), ...CLASSES].sort());
});

for (const [name, row] of Object.entries(functions)) test(name, () => judge(name, row));

test('cards of callers are held to what cards of files are', async () => {
  const { card } = parts;
  const palette = [[0, 0, 0]];
  const cards: Record<string, unknown> = {
    'nothing in it': {},
    'no preprocessing': { ...card, preprocessing: undefined },
    'std of 0': { ...card, preprocessing: { ...card.preprocessing, std: [1, 0, 1] } },
    'mean of NaN': { ...card, preprocessing: { ...card.preprocessing, mean: [0, Number.NaN, 0] } },
    'no colours': { ...card, palette: [] },
    'too few colours': { ...card, palette },
    'a function in it': { ...card, licence: () => {} },
    'a field that throws': {
      ...card,
      get preprocessing() {
        return thrower();
      },
    },
  };
  for (const [what, wrong] of Object.entries(cards)) {
    const error = await outcome(functions['node.load'], [new Map(), { card: wrong }]);
    assert.is(error?.code, 'BAD_USAGE', what);
  }
  const right = await outcome(functions['node.load'], [new Map(), { card: { ...card, model: 'exp48_decoder26' } }]);
  assert.is(right?.code, 'BAD_WEIGHTS', 'the card is taken, and there are no tensors');
});

test('bytes and tensors of another realm are what they are in ours', async () => {
  for (const [code, said] of [
    ['new Uint8Array(3)', /^the weights: /],
    ['new ArrayBuffer(3)', /^the weights: /],
    ['new Map([["w", null]])', /^the tensors: "w" must be/],
  ] as const)
    assert.match((await outcome({ call: node.load, good: [] }, [runInNewContext(code)]))!.message, said);
});

test('names that nothing has', async () => {
  for (const option of ['model', 'key'])
    for (const [what, name] of WRONG.filter(([each]) => TEXTS.includes(each)))
      assert.ok(await outcome({ call: node.load, good: [] }, [new Map(), { [option]: name }]), `${option}: ${what}`);
});

for (const [what, tensor] of [
  ['null', null],
  ['of no type', { dtype: 'F33', shape: [1], bytes: new Uint8Array(4) }],
  ['shorter than its shape', { dtype: 'F32', shape: [2], bytes: new Uint8Array(4) }],
  ['of a shape that is none', { dtype: 'F32', shape: [Number.NaN], bytes: new Uint8Array(4) }],
  ['detached', { dtype: 'U8', shape: [16], bytes: view }],
  ['that throws', getters],
] as const) {
  test(`a tensor ${what}`, async () => {
    const error = await outcome({ call: node.load, good: [] }, [new Map([['w', tensor]])]);
    assert.match(`${error?.code} ${error?.message}`, /^(BAD_WEIGHTS the tensors: "w"|BAD_USAGE load\(\)'s source can't be read)/);
  });
}

const device = await nodeDevice().then(
  opened => opened.device,
  error => void console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = device ? test : test.skip;

gpu('a model and its results', async () => {
  const model = await Segmenter.create({ ...parts, library: await shaderLibrary(), openDevice: async () => device! });
  const picture = { data: new Uint8Array(4 * 4 * 4), width: 4, height: 4 };
  const result = await model.segment(picture);
  // The caller's own device, for `encode`.
  const lender = await Segmenter.create({
    ...parts,
    library: await shaderLibrary(),
    openDevice: async () => device!,
    borrowed: true,
  });
  await lender.prepare(picture);
  const texture = device!.createTexture({ size: [4, 4], format: 'rgba8unorm', usage: TextureUsage.TEXTURE_BINDING });
  const methods: Record<string, Row> = {
    'model.prepare': {
      call: model.prepare.bind(model),
      good: [{ width: 4, height: 4 }, undefined],
      takes: [[], OBJECTS],
      options: { place: 1, takes: SEGMENT },
    },
    'model.segment': {
      call: model.segment.bind(model),
      good: [picture, undefined],
      takes: [[], OBJECTS],
      options: { place: 1, takes: SEGMENT },
    },
    'model.facts': { call: model.facts.bind(model), ...none },
    'result.at': { call: result.at.bind(result), good: [1, 1], takes: [['1.5'], ['1.5']] },
    'result.shares': { call: result.shares.bind(result), ...none },
    'result.toImageData': { call: result.toImageData.bind(result), ...none },
    'result.toImageBitmap': { call: result.toImageBitmap.bind(result), ...none },
    'result.toBlob': { call: result.toBlob.bind(result), ...none },
    'result.toJSON': { call: result.toJSON.bind(result), ...none },
    // In Node there is no canvas for it; test/browser/draw.test.ts has its options.
    'result.draw': { call: result.draw.bind(result), ...none },
    'model.profile': {
      call: model.profile.bind(model),
      good: [picture, undefined],
      takes: [[], OBJECTS],
      options: { place: 1, takes: SEGMENT },
    },
    'model.encode': {
      call: lender.encode.bind(lender),
      good: [device!.createCommandEncoder(), texture, undefined],
      takes: [[], [], ['undefined']],
    },
    // In Node there is no canvas for it; test/browser/stream.test.ts has its options.
    'model.stream': { call: model.stream.bind(model) as (...values: never[]) => unknown, good: [], reached: /needs a canvas/ },
    'model.dispose': { call: model.dispose.bind(model), ...none },
  };
  const own = (object: object): string[] => {
    const [mine, above] = [Object.getOwnPropertyDescriptors(object), Object.getPrototypeOf(object)];
    const names = Object.keys(mine).filter(name => name !== 'constructor' && typeof mine[name].value === 'function');
    return above === null || above === Object.prototype ? names : [...names, ...own(above)];
  };
  const found = [...own(model).map(name => `model.${name}`), ...own(result).map(name => `result.${name}`)];
  assert.equal(found.sort(), Object.keys(methods).sort());
  for (const [name, row] of Object.entries(methods)) await judge(name, row);
});

test.run();
