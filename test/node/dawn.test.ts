// Adapters: the wish is honoured or refused by name, software needs nothing installed, caches mend themselves, processes end.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { adapterName } from '../../src/gpu/device.ts';
import type { OpenedAdapter } from '../../src/node/dawn.ts';
import { nullAdapter, openAdapter, slowlyCompiling } from '../../src/node/dawn.ts';
import { probeDrivers } from '../../src/node/probe.ts';
import { softwareIsSupported, untar } from '../../src/node/software.ts';
import { installs } from '../../src/node/webgpu.ts';

const home = mkdtempSync(join(tmpdir(), 'atrous-dawn-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

/** Four squares, computed on the adapter. */
async function squares({ adapter, globals }: OpenedAdapter): Promise<number[]> {
  const { GPUBufferUsage, GPUMapMode } = globals;
  const device = await adapter.requestDevice();
  const code = `@group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { out[i] = i * i; }`;
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }) },
  });
  const out = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const back = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: out } }] }),
  );
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(out, 0, back, 0, 16);
  device.queue.submit([encoder.finish()]);
  await back.mapAsync(GPUMapMode.READ);
  const values = [...new Uint32Array(back.getMappedRange())];
  device.destroy();
  return values;
}

async function fails(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('no error'),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  assert.match(error.message, message);
}

/** A process of its own that opens an adapter and says its source and note, or its error. */
function opening(options: object, env: Record<string, string>): ChildProcessByStdio<null, Readable, Readable> {
  const script = `const { openAdapter } = await import('${new URL('../../src/node/dawn.ts', import.meta.url)}');
    Object.assign(process.env, ${JSON.stringify(env)}); // not before: tsx has files of its own in TMPDIR
    const opened = await openAdapter(${JSON.stringify(options)}).catch(error => error);
    globalThis.kept = await opened.adapter?.requestDevice();
    console.log(opened.source ?? opened.code + ' ' + opened.message, opened.note ?? '');
    setTimeout(() => opened.release?.(), 200); // as engine.ts does: a driver whose threads have just begun crashes in the end`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
}

/** As `opening`, whose process must end by itself and write nothing to stderr: what it says. */
async function elsewhere(options: object, env: Record<string, string>): Promise<string> {
  const child = opening(options, env);
  let [out, err] = ['', ''];
  child.stdout.on('data', text => (out += text));
  child.stderr.on('data', text => (err += text));
  const status = await new Promise(done => child.on('close', (code, signal) => done(signal ?? code)));
  assert.is(status, 0, `the process did not end by itself: ${out}`);
  assert.is(err, '', 'drivers and Dawn are silent');
  return out.trim();
}

function onSoftware(name: string, work: () => Promise<void>): void {
  test(name, async () => {
    if (softwareIsSupported()) await work();
    else console.log(`skipped: ${name}: no software adapter for ${process.platform}-${process.arch}`);
  });
}

test('the null backend', async () => {
  const opened = await nullAdapter();
  const device = await opened.adapter.requestDevice();
  device.pushErrorScope('validation');
  device.createShaderModule({ code: 'fn main() { return 1; }' });
  assert.ok(await device.popErrorScope(), 'it validates');
  opened.release();
  assert.is(opened.gpu, undefined);
});

test('whatever there is computes', async () => {
  const opened = await openAdapter();
  console.log(`adapter: ${adapterName(opened.adapter.info)}`);
  assert.equal(await squares(opened), [0, 1, 4, 9]);
  assert.is(opened.note !== undefined, opened.software && opened.source.startsWith('SwiftShader'));
});

onSoftware('software, with a toggle, twice in one process', async () => {
  const plain = await openAdapter({ adapter: 'software' });
  const unsafe = await openAdapter({ adapter: 'software', enable: ['allow_unsafe_apis'], disable: ['dump_shaders'] });
  for (const opened of [plain, unsafe]) {
    assert.is(opened.software, true);
    assert.equal(await squares(opened), [0, 1, 4, 9]);
  }
  const feature = 'chromium-experimental-sampling-resource-table' as GPUFeatureName; // only there with the toggle
  assert.equal(
    [plain, unsafe].map(each => each.adapter.features.has(feature)),
    [false, true],
  );
});

test('toggles that Dawn does not have, or both ways', async () => {
  await fails(
    openAdapter({ backend: 'null', enable: ['skip_validation', 'go_faster'] }),
    'BAD_USAGE',
    /--enable go_faster: webgpu \d/,
  );
  await fails(openAdapter({ backend: 'null', disable: ['unsafe_apis'] }), 'BAD_USAGE', /--disable unsafe_apis/);
  await fails(openAdapter({ backend: 'null', enable: ['a,b'] }), 'BAD_USAGE', /--enable a,b/);
  await fails(openAdapter({ enable: ['use_dxc'], disable: ['use_dxc'] }), 'BAD_USAGE', /both name the Dawn toggle use_dxc/);
});

test('an adapter by part of its name, or the list of those there are', async () => {
  const { adapter } = await openAdapter();
  const part = adapter.info.vendor.toUpperCase();
  assert.is((await openAdapter({ adapter: part })).adapter.info.vendor, adapter.info.vendor);
  await fails(openAdapter({ adapter: 'Voodoo 2' }), 'NO_ADAPTER', new RegExp(`--adapter Voodoo 2: .*${adapter.info.vendor}`));
  await fails(openAdapter({ adapter: '' }), 'BAD_USAGE', /empty/);
});

/** What a `dawn.node` does as an adapter is asked for, and what is found then. */
const drivers: readonly [string, string, boolean, RegExp][] = [
  ['refused aloud', `process.stderr.write('Warning: no\\n'); return null;`, false, /^Warning: no\n$/],
  ['taken aloud', `process.stderr.write('Warning: slow\\n'); return {};`, true, /^Warning: slow\n$/],
  ['a crash', `process.kill(process.pid, 'SIGSEGV'); await new Promise(() => setInterval(() => {}, 1000));`, false, /SIGSEGV/],
  ['an error', `throw new Error('out of memory');`, false, /out of memory/],
];
for (const [title, body, found, said] of drivers) {
  test(`drivers are asked in another process: ${title}`, async () => {
    if (process.platform !== 'linux') return console.log('skipped: drivers are only asked on Linux');
    const file = join(home, `${title}.cjs`);
    writeFileSync(file, `exports.create = () => ({ requestAdapter: async () => { ${body} } });`);
    const probe = await probeDrivers(file, []);
    assert.is(probe.found, found);
    assert.match(probe.said, said);
  });
}

test('hardware is never software', async () => {
  const opened = await openAdapter({ adapter: 'hardware' }).catch(error => error);
  if (opened.adapter) assert.is(opened.software, false);
  else await fails(Promise.reject(opened), 'NO_ADAPTER', /--adapter hardware: Dawn found (no adapter|only software).*install/);
});

onSoftware('two processes at once on an empty cache, then a damaged one', async () => {
  const env = { XDG_CACHE_HOME: join(home, 'cache') };
  const sources = await Promise.all([elsewhere({ adapter: 'software' }, env), elsewhere({ adapter: 'software' }, env)]);
  const [folder, ...rest] = readdirSync(join(home, 'cache', 'atrous'));
  assert.equal(rest, [], 'nothing is left over');
  for (const source of sources) assert.ok(source.includes(join(home, 'cache', 'atrous', folder)), source);
  truncateSync(join(home, 'cache', 'atrous', folder, 'libvulkan.so.1'), 1000);
  assert.match(await elsewhere({ adapter: 'software' }, env), /^SwiftShader/);
  assert.equal(readdirSync(join(home, 'cache', 'atrous')), [folder]);
});

onSoftware('a process that is stopped while it unpacks leaves nothing, one that is killed nothing for long', async () => {
  const [cache, folder] = [join(home, 'stopped'), join(home, 'stopped', 'atrous')];
  const env = { XDG_CACHE_HOME: cache };
  const child = opening({ adapter: 'software' }, env);
  const ended = new Promise(done => child.on('close', (_, signal) => done(signal)));
  while (!existsSync(folder) || readdirSync(folder).length === 0) await sleep(1);
  await sleep(20); // by then it knows what it made, and unpacks
  child.kill('SIGTERM');
  assert.is(await ended, 'SIGTERM');
  assert.equal(readdirSync(folder), []);

  await elsewhere({ adapter: 'software' }, env);
  const [whole] = readdirSync(folder);
  const [old, young] = ['.aaaaaa', '.bbbbbb'].map(end => join(folder, whole + end));
  for (const each of [old, young]) mkdirSync(join(each, 'libvulkan.so.1'), { recursive: true });
  utimesSync(old, 1e9, 1e9);
  await elsewhere({ adapter: 'software' }, env);
  assert.equal(readdirSync(folder).sort(), [whole, `${whole}.bbbbbb`]);
});

onSoftware('a home that takes no folder', async () => {
  const temporary = join(home, 'temporary');
  mkdirSync(temporary);
  assert.match(
    await elsewhere({ adapter: 'software' }, { HOME: '/proc', XDG_CACHE_HOME: '', TMPDIR: temporary }),
    new RegExp(`^SwiftShader.* in ${temporary}`),
  );
});

onSoftware('a cache that can not be written', async () => {
  const [bad, good] = ['/dev/null/cache', join(home, 'tmp')];
  rmSync(good, { recursive: true, force: true });
  assert.match(
    await elsewhere({ adapter: 'software' }, { XDG_CACHE_HOME: bad, TMPDIR: home }),
    new RegExp(`^SwiftShader.* in ${home}`),
  );
  assert.match(
    await elsewhere({ adapter: 'software' }, { XDG_CACHE_HOME: bad, TMPDIR: bad }),
    /^NO_ADAPTER .*\/dev\/null\/cache.*XDG_CACHE_HOME/,
  );
});

onSoftware("the user's own drivers come first; where they give nothing, software says so", async () => {
  const env = { VK_DRIVER_FILES: '/nowhere/icd.json', XDG_CACHE_HOME: join(home, 'cache') };
  for (const options of [{}, { adapter: 'software' }]) {
    assert.match(await elsewhere(options, env), /^SwiftShader.* VK_DRIVER_FILES=\/nowhere\/icd.json gave no adapter/);
  }
  for (const adapter of ['hardware', 'swiftshader']) {
    assert.match(await elsewhere({ adapter }, env), new RegExp(`^NO_ADAPTER --adapter ${adapter}: `));
  }
});

test('a lavapipe that takes a minute to compile is told by what it says of itself', () => {
  const said = (description: string): string | null => slowlyCompiling({ description });
  const why = 'lavapipe of Mesa 25.0.7-2~bpo12+1 with LLVM 15 takes over a minute to compile a plan';
  assert.is(said('llvmpipe: Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)'), why);
  for (const other of [
    'llvmpipe: Mesa 25.0.7-2 (LLVM 19.1.7)',
    'llvmpipe: Mesa 26.1.6 (LLVM 19.1.7)',
    'radv: Mesa 25.0.7 (LLVM 15.0.6)',
    '',
  ])
    assert.is(said(other), null, other);
  assert.is(slowlyCompiling(undefined), null);
});

test('advice names versions that package.json has', () => {
  const { devDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  for (const [name, install] of Object.entries(installs)) {
    const version = install.slice(name.length + 1);
    assert.ok(devDependencies[name].replace('^', '').startsWith(version), `${install}, and ${devDependencies[name]}`);
  }
});

test('a tar archive is checked', () => {
  const header = new Uint8Array(512);
  const put = (text: string, at: number) => header.set(Buffer.from(text), at);
  put('file', 0);
  put('00000000005\0', 124);
  put('0', 156);
  put('ustar\0', 257);
  put('folder', 345);
  put('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const tar = new Uint8Array(2048);
  tar.set(header);
  tar.set(Buffer.from('hello'), 512);
  assert.equal([...untar(tar)], [['folder/file', new Uint8Array(Buffer.from('hello'))]]);
  assert.throws(() => untar(tar.subarray(0, 514)), /says 5 bytes, 2 are left/);
  tar[0] = 1;
  assert.throws(() => untar(tar), /byte 0 is damaged/);
});

test.run();
