// The package in a page: a built-in name and pixels in, the command line's class map out.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError } from '../../src/errors.ts';
import { decodeLabels } from '../../src/image/png.ts';
import { load } from '../../src/node/index.ts';
import { encodePng } from '../../src/node/photograph.ts';
import { compilerJudge } from '../judges.ts';
import { agreement, closeBrowser, crop, nodeModel, openPage, root } from './harness.ts';

test.after(closeBrowser);

test('a page’s class map is the command line’s', async () => {
  const pixels = await crop(64, 128);
  const page = await openPage();
  const found = await page.evaluate(async pixels => {
    const phases = new Set<string>();
    const model = await atrous.load('regseg-camvid', { onProgress: ({ phase }) => phases.add(phase) });
    const { classes, info } = await model.segment(pixels);
    await model.dispose();
    return { classes, info, phases: [...phases] };
  }, pixels);
  assert.equal(found.phases, ['download']);
  assert.is(found.info.software, true);
  const folder = mkdtempSync(join(tmpdir(), 'atrous-browser-'));
  try {
    writeFileSync(join(folder, 'crop.png'), await encodePng(pixels.data, 128, 64));
    const arguments_ = ['segment', join(folder, 'crop.png'), '--mask', '--adapter', 'software', '--precision', 'f32', '-o', folder];
    execFileSync(process.execPath, [`${root}dist/cli.js`, ...arguments_], { stdio: 'pipe' });
    const { data } = await decodeLabels(readFileSync(join(folder, 'crop.classes.png')), 'crop.classes.png');
    assert.ok(new Set(data).size > 2, 'the crop shows several classes');
    assert.ok(agreement(found.classes, data) >= 0.999, `${agreement(found.classes, data)} of the pixels are equal`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what only GPUs run is fetched for who asks for it, and so is what makes probabilities', async () => {
  const page = await openPage();
  const pixels = await crop(32, 64);
  const run = (variants: 'auto' | readonly string[], scores: boolean) =>
    page.evaluate(
      async ([pixels, variants, scores]) => {
        const model = await atrous.load('regseg-camvid', { variants, selfTest: false });
        const { classes, scores: found } = await model.segment(pixels, { scores });
        const kernels = model.plan.steps.map(({ kernel }) => kernel);
        await model.dispose();
        return { classes, kernels, channels: found?.c };
      },
      [pixels, variants, scores] as const,
    );
  const late = (): string[] => page.server.requests.flatMap(path => /\/(asked|barriers)-/.exec(path)?.[1] ?? []);
  const plain = await run('auto', false);
  assert.equal(late(), []);
  const { classes, kernels, channels } = await run(['workgroup'], true);
  assert.equal(late().sort(), ['asked', 'barriers']);
  for (const kernel of ['gated', 'chain', 'tail']) assert.is(kernels.includes(kernel), !plain.kernels.includes(kernel), kernel);
  assert.is(channels, 11);
  assert.ok(agreement(classes, plain.classes) >= 0.999);
});

test('what a page plans on a GPU is what Node plans', async () => {
  const sitting = await compilerJudge(['subgroups']);
  if (!sitting) return;
  const front = await import(`${root}dist/index.js`);
  const bytes = Uint8Array.from(readFileSync(`${root}weights/regseg-camvid.safetensors`)).buffer;
  const plans: string[] = [];
  for (const each of [front.load, load] as const) {
    const options = { model: 'regseg', device: sitting.device, precision: 'f32', selfTest: false } as const;
    const model = await each(bytes, { ...options, size: { height: 64, width: 128 } });
    plans.push(JSON.stringify(model.plan.steps));
    await model.dispose();
  }
  sitting.close();
  assert.match(plans[1], '"chain"');
  assert.is(plans[0], plans[1]);
});

test('what resizes a picture, and what refuses one, is fetched for such a picture', async () => {
  const page = await openPage();
  const pixels = await crop(32, 64);
  const [size, wide] = [
    { height: 16, width: 32 },
    { height: 1, width: 20_000 },
  ];
  const late = (): string[] => page.server.requests.flatMap(path => /\/(preprocess|limits)-/.exec(path)?.[1] ?? []);
  const [plain, resized, refused] = await page.evaluate(
    async ([pixels, size, wide]) => {
      const model = await atrous.load('regseg-camvid', { selfTest: false });
      const plain = (await model.segment(pixels)).classes;
      const resized = (await model.segment(pixels, { size })).classes;
      const refused = await model
        .segment({ ...wide, data: new Uint8Array(4 * wide.width) }, { size: wide })
        .catch(({ code, message }) => ({ code, message }));
      await model.dispose();
      return [plain, resized, refused] as const;
    },
    [pixels, size, wide] as const,
  );
  const node = await nodeModel();
  assert.ok(agreement(resized, (await node.segment(pixels, { size })).classes) >= 0.999);
  assert.ok(agreement(resized, plain) < 1, 'resized or not is not the same');
  const { code, message } = refused as Pick<AtrousError, 'code' | 'message'>;
  assert.is(code, 'LIMIT');
  assert.match(message, /^the picture is 1×20000, the adapter's textures hold at most \d+×\d+: /);
  assert.equal([...new Set(late())], ['preprocess', 'limits']);
});

test.run();
