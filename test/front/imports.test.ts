// Who may import whom: the browser's entry reaches nothing of Node and no shader parser, and importing it does nothing.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  .map(file => `src/${file.replaceAll('\\', '/')}`)
  .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'));

/** What a file imports when it runs: types are gone by then. Dynamic imports count. */
function imports(file: string): string[] {
  const text = readFileSync(root + file, 'utf8').replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
  const found = [
    ...text.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?\bfrom '([^']+)'/gm),
    ...text.matchAll(/^import '([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ];
  return found.map(([, name]) => (name.startsWith('.') ? join(dirname(file), name) : name));
}

/** Also the types. */
function mentions(file: string): string[] {
  return [...readFileSync(root + file, 'utf8').matchAll(/\b(?:from|import)\s*\(?'([^']+)'/g)].map(([, name]) =>
    name.startsWith('.') ? join(dirname(file), name) : name,
  );
}

const graph = new Map(files.map(file => [file, imports(file)]));

function reach(entry: string): Map<string, string> {
  const from = new Map([[entry, '']]);
  for (const file of from.keys()) for (const next of graph.get(file) ?? []) if (!from.has(next)) from.set(next, file);
  return from;
}

function path(from: Map<string, string>, name: string): string {
  return from.get(name) ? `${path(from, from.get(name)!)} → ${name}` : name;
}

test('every import leads to a file, none out of src', () => {
  assert.ok(files.length > 60);
  for (const file of files) {
    for (const name of mentions(file)) {
      if (name.includes('/') && !/^(src|@|node:|wgsl_reflect)/.test(name) && !name.startsWith('..')) continue;
      assert.not.match(name, /^\.\.|^(bench|test|demo|build)/, `${file} imports ${name}`);
      if (name.startsWith('src/')) assert.ok(files.includes(name) || existsSync(root + name), `${file} imports ${name}`);
    }
  }
});

test('only src/node and src/cli know Node', () => {
  for (const file of files) {
    if (/^src\/(node|cli)\//.test(file)) continue;
    for (const name of mentions(file))
      assert.not.match(name, /^(node:|src\/node\/|src\/cli\/|sharp$|webgpu$)/, `${file} imports ${name}`);
  }
});

test('only src/shader/reflect.ts knows the parser', () => {
  const knowing = files.filter(file => mentions(file).some(name => name.startsWith('wgsl_reflect')));
  assert.equal(knowing, ['src/shader/reflect.ts']);
});

test('the browser’s entry reaches nothing of Node, no parser, no CPU reference', () => {
  const reached = reach('src/index.ts');
  assert.ok(reached.size > 30 && reached.has('src/gpu/executor.ts'));
  for (const name of reached.keys()) {
    const wrong = /^node:|wgsl_reflect|^src\/(node|cli|reference|shader\/reflect)/.test(name);
    assert.not.ok(wrong, path(reached, name));
    if (!name.startsWith('src/')) assert.is(name, 'fflate', `${path(reached, name)}: a package that a build has to take along`);
  }
});

test('imports flow one way: graph ← models, passes, kernels, reference ← plan ← gpu', () => {
  const layers: Record<string, RegExp> = {
    graph: /^src\/(models|passes|kernels|reference|plan|gpu|cli|node)\//,
    weights: /^src\/(models|passes|kernels|reference|plan|gpu|cli|node)/,
    models: /^src\/(passes|kernels|reference|plan|gpu|cli|node)\//,
    passes: /^src\/(models|kernels|reference|plan|gpu|cli|node)\//,
    kernels: /^src\/(models|passes|reference|plan|gpu|cli|node)\//,
    reference: /^src\/(models|passes|kernels|plan|gpu|cli|node)\//,
    plan: /^src\/(models|passes|reference|gpu|cli|node)\//,
    gpu: /^src\/(models|passes|reference|cli|node)\//,
  };
  for (const [layer, above] of Object.entries(layers)) {
    for (const file of files.filter(each => each.startsWith(`src/${layer}/`)))
      for (const name of graph.get(file)!) assert.not.match(name, above, `${file} imports ${name}`);
  }
});

test('no file reaches itself, types included', () => {
  const left = new Map(files.map(file => [file, mentions(file)]));
  // What imports no file that is left is in no circle.
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const [file, names] of left) if (!names.some(name => left.has(name))) left.delete(file);
  }
  assert.equal([...left.keys()], []);
});

test('importing the front door does nothing and needs no WebGPU', async () => {
  const globals = Object.getOwnPropertyNames(globalThis);
  const handles = process.getActiveResourcesInfo().length;
  assert.is(Reflect.get(globalThis.navigator ?? {}, 'gpu'), undefined);
  const front = await import('../../src/index.ts');
  assert.equal(Object.getOwnPropertyNames(globalThis), globals);
  assert.ok(process.getActiveResourcesInfo().length <= handles);
  assert.equal(Object.keys(front).sort(), ['AtrousError', 'cache', 'identityInit', 'load', 'printPlan', 'support']);
  assert.ok(resolve(root).length > 0 && typeof front.load === 'function');
});

test.run();
