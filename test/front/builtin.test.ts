// Built-in weights: the manifest says what the files are, and every name has its network.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtIns, readBuiltIn, urlOf } from '../../src/builtin.ts';
import { published } from '../../src/models/registry.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';

test('the manifest, the files and their cards agree', () => {
  assert.equal([...builtIns.keys()], [...published.keys()]);
  for (const { file, bytes, sha256, url } of builtIns.values()) {
    const found = readFileSync(url());
    assert.is(url().pathname.split('/').at(-1), file);
    assert.equal([found.length, createHash('sha256').update(found).digest('hex')], [bytes, sha256]);
    const card = JSON.parse(readFileSync(`${url().pathname.replace(/\.\w+$/, '')}.card.json`, 'utf8'));
    assert.equal(card.file, { bytes, sha256 });
  }
});

test('a built-in file reads as any safetensors file does', () => {
  for (const { file, url } of builtIns.values()) {
    const bytes = new Uint8Array(readFileSync(url()));
    const { tensors, metadata } = readSafetensors(bytes, file);
    assert.equal(readBuiltIn(bytes), { tensors, card: JSON.parse(metadata.get('atrous')!) });
  }
});

test('a base URL takes its last slash or none', async () => {
  for (const base of ['https://example.org/weights', 'https://example.org/weights/', new URL('https://example.org/weights')])
    assert.is((await urlOf('x', base, undefined)).href, 'https://example.org/weights/x');
  const lost = (): URL => new URL('../weights/x', undefined);
  const message = (work: Promise<URL>): Promise<string> => work.then(String, (error: Error) => error.message);
  assert.match(await message(urlOf('x', undefined, lost)), /serve a copy of weights\/x .* baseUrl/);
  assert.match(await message(urlOf('x', '/weights', undefined)), /baseUrl "\/weights" is no URL/);
});

test.run();
