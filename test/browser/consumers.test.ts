// Programs that depend on the package, built by tools that many use; the others of test/consumers run by `npm run test:consumers`.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { consume, picture } from '../consumers/consumer.ts';
import { esbuild, esbuildIife } from '../consumers/esbuild.ts';
import { importMap } from '../consumers/import-map.ts';
import { viteBuild } from '../consumers/vite.ts';
import { closeBrowser, nodeModel } from './harness.ts';

test.after(closeBrowser);

const expected = nodeModel().then(async model => [...(await model.segment(picture)).classes].join(''));

for (const consumer of [importMap, viteBuild, esbuild])
  test(consumer.name, async () => assert.is(await consume(consumer), await expected));

test('a classic script that does not say where the weights are is told to', async () => {
  const files = { ...esbuildIife.files, 'main.js': esbuildIife.files['main.js'].replace("{ baseUrl: '/weights' }", '{}') };
  assert.match(
    await consume({ ...esbuildIife, files }),
    /^AtrousError BAD_USAGE: this bundle does not know where it lies: .* baseUrl/,
  );
});

test.run();
