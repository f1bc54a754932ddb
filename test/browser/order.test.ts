// What `load` does in which order, and what it says when it can't: without WebGPU nothing is downloaded; names, mirrors and other origins.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser, openPage, root, servePackage, type TestPage } from './harness.ts';

test.after(closeBrowser);

/** How `load` fails in a page: the code and the sentence. */
async function failure(page: TestPage, source: string, options: { baseUrl?: string } = {}): Promise<string> {
  return page.evaluate(
    async ([source, options]) => {
      try {
        await (await atrous.load(source, { selfTest: false, ...options })).dispose();
        return 'loaded';
      } catch (error) {
        return `${(error as { code: string }).code}: ${(error as Error).message}`;
      }
    },
    [source, options] as const,
  );
}

const weights = (page: TestPage): string[] => page.server.requests.filter(path => path.includes('weights'));

test('without WebGPU the page is told before anything is downloaded', async () => {
  // A name that is not this machine's own is no secure context over http.
  const insecure = await openPage({ flags: ['--host-resolver-rules=MAP insecure.test 127.0.0.1'] });
  await insecure.goto(insecure.server.origin.replace('127.0.0.1', 'insecure.test'));
  await insecure.waitForFunction('globalThis.atrous');
  assert.match(await failure(insecure, 'regseg-camvid'), /^NO_ADAPTER: this page is not a secure context: serve it over https/);
  assert.equal(weights(insecure), []);
  const blocked = await openPage({ webgpu: false });
  assert.match(await failure(blocked, 'regseg-camvid'), /^NO_ADAPTER: /);
  assert.equal(weights(blocked), []);
});

test('names, folders and other origins', async () => {
  const other = await servePackage();
  const page = await openPage({
    routes: { '/mirror/regseg-camvid.safetensors': { file: `${root}weights/regseg-camvid.safetensors` } },
  });
  assert.match(await failure(page, 'regseg-camvdi'), /^BAD_USAGE: "regseg-camvdi" is no name with weights \(regseg-camvid\)/);
  assert.equal(weights(page), []);
  for (const baseUrl of ['/mirror', '/mirror/', 'mirror', `${page.server.origin}/mirror`])
    assert.is(await failure(page, 'regseg-camvid', { baseUrl }), 'loaded', baseUrl);
  assert.equal(new Set(page.server.requests.filter(path => path.endsWith('.safetensors'))).size, 1);
  const refused = await failure(page, 'regseg-camvid', { baseUrl: `${other.origin}/atrous/weights/` });
  assert.match(refused, /^NO_FILE: .*Failed to fetch; .* is not reached, or it does not send Access-Control-Allow-Origin for /);
  const both = await page.evaluate(async () => {
    const models = await Promise.all([0, 1].map(() => atrous.load('regseg-camvid', { selfTest: false })));
    for (const model of models) await model.dispose();
    return models.length;
  });
  assert.is(both, 2);
  assert.is(weights(page).filter(path => path === '/atrous/weights/regseg-camvid.safetensors').length, 1);
});

test.run();
