// The weights are found wherever trainers put them, and what was taken is said.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { expectedOf } from '../../src/fit.ts';
import { everyNetwork } from '../../src/recognise.ts';
import { findTensors, type Listing } from '../../src/weights/find.ts';
import { fromFloat32, type Stored } from '../../src/weights/tensor.ts';

const known = new Set(['a.weight', 'a.bias', 'b.c.weight']);
const fits = (tensors: Listing): boolean => [...known].every(key => tensors.get(key)?.shape.join() === '2');
const net = [...known];

/** `dict`, a colon, the name in it; an array of two floats each. */
function listing(paths: readonly string[], more: Readonly<Record<string, Partial<Stored>>> = {}): Map<string, Stored> {
  const stored = (path: string): [string, Stored] => {
    const [dict, name] = path.includes(':') ? path.split(':') : ['', path];
    return [dict === '' ? name : `${dict}.${name}`, { ...fromFloat32([2], Float32Array.of(1, 2)), dict }];
  };
  const added = Object.entries(more).map(([path, parts]): [string, Stored] => {
    const [key, tensor] = stored(path);
    return [key, { ...tensor, ...parts }];
  });
  return new Map([...paths.map(stored), ...added]);
}

const under = (prefix: string, names: readonly string[] = net): string[] => names.map(name => prefix + name);

// What is taken, and what else fits.
const rows: [title: string, paths: string[], taken: string, others?: string[], key?: string][] = [
  ['bare', net, ''],
  ['module', under('module.'), ''],
  ['torch.compile of DataParallel', under('_orig_mod.module.'), ''],
  ['DataParallel of torch.compile, twice', under('module._orig_mod.module._orig_mod.'), ''],
  ['a part that is compiled', ['a.weight', 'a.bias', 'b._orig_mod.c.weight'], ''],
  ['a part that is sharded', under('_fsdp_wrapped_module.', ['a.weight', 'a._checkpoint_wrapped_module.bias', 'b.c.weight']), ''],
  ['net in model in module', under('module.model.net.'), 'module.model.net'],
  ['backbone', under('backbone.'), 'backbone'],
  ['a dict', under('state_dict:'), 'state_dict'],
  ['nested dicts', under('checkpoint.model_ema:'), 'checkpoint.model_ema'],
  ['wrapped in a dict', under('ema:module.'), 'ema'],
  ['a dict a part', ['a:weight', 'a:bias', 'b:c.weight'], ''],
  ['a trainer with its criterion', [...under('state_dict:model.'), 'state_dict:criterion.weight'], 'state_dict.model'],
  ['model before its average', [...under('model_ema:'), ...under('model:')], 'model', ['model_ema']],
  [
    'the order, whatever the file has',
    ['params', 'ema', 'model_ema', 'net', 'state_dict', 'model'].flatMap(dict => under(`${dict}:`)),
    'model',
    ['state_dict', 'net', 'model_ema', 'ema', 'params'],
  ],
  ['others as the file has them', [...under('second:'), ...under('first:'), ...under('ema:')], 'ema', ['second', 'first']],
  ['the outermost first', [...under('model.'), ...net], '', ['model']],
  ['inside a dict too', [...under('model:ema.'), ...under('model:net.')], 'model.net', ['model.ema']],
  ['only one fits', [...under('model:', net.slice(1)), ...under('ema:')], 'ema'],
  ['by key', [...under('model:'), ...under('model_ema:')], 'model_ema', [], 'model_ema'],
  ['by a key of two steps', [...under('a.model:'), ...under('b.model:module.')], 'b.model', [], 'b.model'],
  ['by a key that names a wrapper', [...under('model:module.'), ...under('ema:module.')], 'ema', [], 'ema.module'],
  ['by the key of several', [...under('x.ema:'), ...under('x.model:'), ...under('model:')], 'x.model', ['x.ema'], 'x'],
];

for (const [title, paths, taken, others = [], key = null] of rows) {
  test(title, () => {
    const from = listing(paths);
    const { tensors, paths: found } = findTensors(from, 'x.pth', { known, fits, key });
    assert.equal(found, [taken, ...others]);
    assert.equal([...tensors.keys()].sort(), net.toSorted());
    for (const [name, tensor] of tensors) {
      const source = [...from].find(([, each]) => each === tensor)![0];
      assert.ok(source.startsWith(taken) && source.endsWith(name.split('.').at(-1)!), `${name} from ${source}`);
    }
  });
}

test('bookkeeping is passed over, what speaks against the network is not', () => {
  const more: Record<string, Partial<Stored>> = {
    n_averaged: { shape: [], dtype: 'I64' },
    best: { shape: [1] },
    confusion: { shape: [9, 9], dtype: 'I64' },
    'optimizer:exp_avg': {},
    args: { problem: () => new AtrousError('BAD_WEIGHTS', 'an object') },
  };
  const found = findTensors(listing(net, more), 'x', { known, fits, key: null });
  assert.equal([...found.tensors.keys()], net);
  const spoken = findTensors(listing([...net, 'c.weight']), 'x', { known, fits, key: null });
  assert.equal([...spoken.tensors.keys()], [...net, 'c.weight']);
});

test('a name as it stands comes before one that a wrapper was taken from', () => {
  const from = listing([...under('module.'), ...net]);
  const { tensors } = findTensors(from, 'x', { known, fits, key: null });
  for (const name of net) assert.is(tensors.get(name), from.get(name));
});

test('of what does not fit, the most of it', () => {
  const { tensors, paths } = findTensors(listing([...under('ema:', net.slice(2)), ...under('net:', net.slice(1))]), 'x', {
    known,
    fits,
    key: null,
  });
  assert.equal([paths, [...tensors.keys()]], [[], net.slice(1)]);
});

test('of very many dicts those with a rank are looked at', () => {
  const paths = Array.from({ length: 100 }, (_, n) => under(`epoch${n}:`)).flat();
  const { paths: found } = findTensors(listing([...paths, ...under('model:')]), 'x', { known, fits, key: null });
  assert.equal([found[0], found.length], ['model', 32]);
});

test('a key with nothing behind it is a mistake that names what is there', () => {
  const fails = (paths: string[], pattern: RegExp): void => {
    const search = { known, fits, key: 'modle' };
    assert.throws(
      () => findTensors(listing(paths), 'x.pth', search),
      (error: unknown) => error instanceof AtrousError && error.code === 'BAD_USAGE' && pattern.test(error.message),
    );
  };
  fails([...under('model:'), ...under('ema:')], /^key "modle": x\.pth has nothing there; it has "model", "ema"$/);
  fails(net, /lie in no dict, leave the key out/);
});

test('ten thousand dicts, and names of a megabyte, cost little', () => {
  const many = listing([
    ...Array.from({ length: 10_000 }, (_, n) => `d${n}:a.weight`),
    `${'a.'.repeat(5e5)}weight`,
    ...Array.from({ length: 2000 }, (_, n) => `${'module.'.repeat(100)}${n}.a.bias`),
  ]);
  const start = performance.now();
  assert.equal(findTensors(many, 'x', { known, fits, key: null }).paths, []);
  assert.ok(performance.now() - start < 2000, `took ${performance.now() - start} ms`);
});

test('no network names a part as wrappers are named', () => {
  for (const network of everyNetwork()) {
    for (const name of expectedOf(network, network.publishedClasses).keys()) {
      assert.not.match(name, /(^|\.)(module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./);
    }
  }
});

test.run();
