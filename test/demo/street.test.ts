// The drawn street of the page holds to its original in Python: pictures of its labels lie in street/, further ones in ../shared. Its random numbers are
// the Mersenne Twister's, as CPython draws them.
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pythonRandom } from '../../demo/python.ts';
import { street } from '../../demo/street.ts';
import { decodeLabels } from '../../src/image/png.ts';
import { readImage } from '../../src/node/index.ts';
import { settled } from '../frames.ts';
import { shared } from '../shared.ts';

test('random numbers are those of random.Random', () => {
  // r.random(), r.uniform(2, 3), r.randint(5, 9), r.choice('abc'), r.randint(0, 1000), and the last of 700 of r.randint(0, 99).
  for (const [seed, ...expected] of [
    [7919, 0.6392620987771694, 2.957307995728232, 7, 'b', 941, 85],
    [-3, 0.23796462709189137, 2.5442292252959517, 7, 'c', 485, 23],
    [0, 0.8444218515250481, 2.7579544029403023, 8, 'a', 265, 3],
  ] as const) {
    const r = pythonRandom(seed);
    const drawn = [r.random(), r.uniform(2, 3), r.integer(5, 9), r.choice([...'abc']), r.integer(0, 1000)];
    const last = Array.from({ length: 700 }, () => r.integer(0, 99)).at(-1)!;
    assert.equal([...drawn, last], expected, `seed ${seed}`);
  }
});

const own = fileURLToPath(new URL('street/', import.meta.url));
const sample = fileURLToPath(new URL('../../demo/seed2_t0_480x360', import.meta.url));
const further = shared('data/scenes', 'four views of the street are compared instead of ten');
const labelled = [
  { seed: 2, t: 0, file: `${sample}.labels.png` },
  ...[own, ...(further ? [`${further}/`] : [])].flatMap(folder =>
    readdirSync(folder).flatMap(name => {
      const found = /^seed(\d+)_t([\d.]+?)(_480x360\.labels)?\.png$/.exec(name);
      return found ? [{ seed: Number(found[1]), t: Number(found[2]), file: folder + name }] : [];
    }),
  ),
];

for (const { seed, t, file } of labelled)
  test(`seed ${seed} after ${t} m: 99.9 % of the labels`, async () => {
    const { data } = await decodeLabels(await readFile(file), file);
    const { labels } = street(seed).frame(t);
    assert.is(labels.length, data.length);
    assert.ok(differing(labels, data) <= 0.001 * data.length, `${differing(labels, data)} pixels differ`);
  });

test('the sample picture is that street, but for its grain', async () => {
  const { data, width, height } = await readImage(`${sample}.png`);
  const { pixels } = street(2).frame(0);
  const channels = data.length / (width * height);
  let error = 0;
  for (let p = 0; p < width * height; p++)
    for (let c = 0; c < 3; c++) error += Math.abs(data[p * channels + c] - pixels[p * 4 + c]);
  assert.ok(error / (3 * width * height) < 5, `colours are off by ${error / (3 * width * height)} in the mean`);
});

test('it drives on without piling up, and comes back to the same view', () => {
  const { frame } = street(7, 64, 48);
  const first = frame(3).labels.slice();
  const before = settled().heapUsed;
  for (let n = 0; n < 500; n++) frame(n * 150);
  const grown = settled().heapUsed - before;
  assert.ok(grown < 1e6, `500 frames leave ${grown} bytes behind`);
  assert.equal(frame(3).labels, first);
});

function differing(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}

test.run();
