// Every kind of picture that a page has: Node's class map for the same pixels, how it came to the network, and what becomes of pictures that are none.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { agreement, closeBrowser, crop, nodeModel, openPage } from './harness.ts';

test.after(closeBrowser);

// Odd sizes, so that no row is a multiple of anything.
const [HEIGHT, WIDTH] = [63, 127];
const pixels = await crop(HEIGHT, WIDTH);

test('every source gives Node’s class map', async () => {
  const page = await openPage();
  const found = await page.evaluate(async ({ data, width, height }) => {
    const model = await atrous.load('regseg-camvid', { precision: 'f32' });
    const image = new ImageData(new Uint8ClampedArray(data), width, height);
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    canvas.getContext('2d')!.putImageData(image, 0, 0);
    const offscreen = new OffscreenCanvas(width, height);
    offscreen.getContext('2d')!.putImageData(image, 0, 0);
    // Half of the alpha is gone, and no colour with it.
    const glass = new ImageData(image.data.slice(), width, height);
    for (let at = 3; at < glass.data.length; at += 8) glass.data[at] = 128;
    const bitmapOf = (from: ImageBitmapSource): Promise<ImageBitmap> => createImageBitmap(from, { premultiplyAlpha: 'none' });
    const blob = await offscreen.convertToBlob();
    const img = new Image();
    img.src = URL.createObjectURL(blob);
    await img.decode();
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const { contentWindow } = frame;
    const elsewhere = new (contentWindow as unknown as typeof globalThis).ImageData(width, height);
    elsewhere.data.set(image.data);
    const sources = {
      pixels: { data, width, height },
      ImageData: image,
      'ImageData of an iframe': elsewhere,
      'ImageData with alpha': glass,
      canvas,
      OffscreenCanvas: offscreen,
      ImageBitmap: await bitmapOf(image),
      'ImageBitmap with alpha': await bitmapOf(glass),
      img,
      Blob: blob,
      File: new File([blob], 'street.png', { type: 'image/png' }),
      Response: await fetch(img.src),
      'VideoFrame of a canvas': new VideoFrame(canvas, { timestamp: 0 }),
    };
    // Nobody has needed the code that takes these: each is gone before it comes.
    const passing = Object.assign(document.createElement('canvas'), { width, height });
    passing.getContext('2d')!.putImageData(image, 0, 0);
    const gone = { canvas: passing, ImageBitmap: await bitmapOf(glass), VideoFrame: new VideoFrame(passing, { timestamp: 0 }) };
    const begun = Object.entries(gone).map(([kind, source]) => ({ kind: `first ${kind}`, call: model.segment(source) }));
    passing.getContext('2d')!.clearRect(0, 0, width, height);
    gone.ImageBitmap.close();
    gone.VideoFrame.close();
    const results = [];
    for (const { kind, call } of begun) {
      const { classes, info } = await call;
      results.push({ kind, classes, copy: info.copy });
    }
    for (const [kind, source] of Object.entries(sources)) {
      const { classes, info } = await model.segment(source);
      if (source instanceof VideoFrame) source.close();
      results.push({ kind, classes, copy: info.copy });
    }
    // Wider than any texture of the adapter: as pixels it is shrunk.
    const wide = new OffscreenCanvas(9000, 40);
    const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
    const bounded = await atrous.load('regseg-camvid', { precision: 'f32', device });
    wide.getContext('2d')!.drawImage(canvas, 0, 0, 9000, 40);
    const { classes, info } = await bounded.segment(wide, { size: { height: 32, width: 64 } });
    await bounded.dispose();
    device.destroy();
    if (classes.length !== 9000 * 40 || info.copy !== 'pixels') throw new Error(`${classes.length} classes by ${info.copy}`);
    await model.dispose();
    return results;
  }, pixels);
  const expected = await (await nodeModel()).segment(pixels);
  assert.ok(new Set(expected.classes).size > 2, 'the crop shows several classes');
  for (const { kind, classes } of found)
    assert.ok(
      agreement(classes, expected.classes) >= 0.999,
      `${kind}: ${agreement(classes, expected.classes)} of the pixels are equal`,
    );
  assert.equal(Object.fromEntries(found.map(({ kind, copy }) => [kind, copy])), {
    'first canvas': 'copy',
    'first ImageBitmap': 'copy',
    'first VideoFrame': 'external',
    pixels: 'pixels',
    ImageData: 'pixels',
    'ImageData of an iframe': 'pixels',
    'ImageData with alpha': 'pixels',
    canvas: 'copy',
    OffscreenCanvas: 'copy',
    ImageBitmap: 'copy',
    'ImageBitmap with alpha': 'copy',
    img: 'copy',
    Blob: 'bitmap',
    File: 'bitmap',
    Response: 'bitmap',
    'VideoFrame of a canvas': 'external',
  });
});

test.run();
