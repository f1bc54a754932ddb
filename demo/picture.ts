// `npx tsx demo/picture.ts [FILE]`: README's moving picture. The drawn street drives on while an edge sweeps over it: the picture on its left, what
// regseg-camvid sees on its right. Everything is drawn and computed here.
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { overlay } from '../src/image/overlay.ts';
import { load } from '../src/node/index.ts';
import { street } from './street.ts';

const [WIDTH, HEIGHT] = [480, 360];
const SEED = 2;
const FRAMES = 30;
const FRAMES_A_SECOND = 8;
/** Metres from one to the next. */
const STEP = 0.7;

const [file = fileURLToPath(new URL('street.webp', import.meta.url))] = process.argv.slice(2);
const { frame } = street(SEED, WIDTH, HEIGHT);
const model = await load('regseg-camvid', { precision: 'f32' });
const pages: Buffer[] = [];
for (let n = 0; n < FRAMES; n++) {
  const { pixels } = frame(n * STEP);
  const { classes } = await model.segment({ data: pixels, width: WIDTH, height: HEIGHT });
  const edge = Math.round(WIDTH * (0.5 - 0.4 * Math.sin((2 * Math.PI * n) / FRAMES)));
  const page = overlay(pixels, classes, model.palette);
  for (let y = 0; y < HEIGHT; y++) {
    const [from, to] = [4 * WIDTH * y, 4 * (WIDTH * y + edge)];
    page.set(pixels.subarray(from, to), from);
    page.fill(255, to - 4, to + 4);
  }
  pages.push(
    await sharp(page, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
      .removeAlpha()
      .png()
      .toBuffer(),
  );
}
await sharp(pages, { join: { animated: true } })
  .webp({ quality: 60, effort: 6, loop: 0, delay: pages.map(() => Math.round(1000 / FRAMES_A_SECOND)) })
  .toFile(file);
await model.dispose();
console.log(`${file}: ${FRAMES} frames, ${(await stat(file)).size} bytes`);
