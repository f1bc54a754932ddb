// Photographs: every kind of input becomes RGBA, 8 bits, opaque, upright; everything else is refused with its name and reason.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePng, readImage } from '../../src/node/photograph.ts';

const home = mkdtempSync(join(tmpdir(), 'atrous-pictures-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

function save(name: string, bytes: Uint8Array): string {
  writeFileSync(join(home, name), bytes);
  return join(home, name);
}

const rgba = Uint8Array.of(200, 100, 50, 0, 10, 20, 30, 128, 1, 2, 3, 255, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
const small = () => sharp(rgba, { raw: { width: 3, height: 2, channels: 4 } });
const opaque = rgba.map((value, i) => (i % 4 === 3 ? 255 : value));
const plain = (channels: 3 | 1, ...values: number[]) =>
  sharp(Uint16Array.from(values), { raw: { width: values.length / channels, height: 1, channels } });
const orange = () => sharp({ create: { width: 16, height: 16, channels: 3, background: '#ff8000' } });

test('alpha is dropped, the colour below stays', async () => {
  for (const [name, bytes] of [
    ['x.png', await small().png().toBuffer()],
    ['x.webp', await small().webp({ lossless: true, exact: true }).toBuffer()],
  ] as const) {
    const { data, width, height } = await readImage(save(name, bytes));
    assert.equal([width, height], [3, 2]);
    assert.equal([...data], [...opaque], name);
  }
});

test('16 bits, grey, CMYK, a palette, AVIF', async () => {
  const first = async (name: string, bytes: Uint8Array) => [...(await readImage(save(name, bytes))).data.subarray(0, 4)];
  assert.equal(await first('g16.png', await plain(1, 0x8000, 1).toColourspace('grey16').png().toBuffer()), [128, 128, 128, 255]);
  assert.equal(
    await first('c16.png', await plain(3, 0x8000, 65535, 0x1234).toColourspace('rgb16').png().toBuffer()),
    [128, 255, 18, 255],
  );
  const grey = sharp(Uint8Array.of(77, 0), { raw: { width: 2, height: 1, channels: 1 } });
  assert.equal(await first('g.png', await grey.toColourspace('b-w').png().toBuffer()), [77, 77, 77, 255]);
  const near = (seen: number[]) =>
    assert.ok(Math.max(...[255, 128, 0].map((value, i) => Math.abs(value - seen[i]))) < 20, `${seen}`);
  near(await first('cmyk.jpg', await orange().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer()));
  near(await first('p.png', await orange().png({ palette: true }).toBuffer()));
  near(await first('x.avif', await orange().avif().toBuffer()));
});

test('EXIF orientation is applied', async () => {
  const wide = Buffer.from(Array.from({ length: 32 * 16 }, (_, i) => (i % 32 < 16 ? [255, 0, 0] : [0, 0, 255])).flat());
  const bytes = await sharp(wide, { raw: { width: 32, height: 16, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const { data, width, height } = await readImage(save('turned.jpg', bytes));
  assert.equal([width, height], [16, 32]); // 6: the first row is the right-hand side, so red is on top
  assert.ok(data[0] > 200 && data[2] < 60 && data.at(-4)! < 60 && data.at(-2)! > 200);
});

test('the first frame of an animation', async () => {
  const frames = Buffer.concat([Buffer.alloc(48, 255), Buffer.alloc(48, 0)]);
  const bytes = await sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
    .gif()
    .toBuffer();
  const { data, height } = await readImage(save('x.gif', bytes));
  assert.is(height, 4);
  assert.ok(data.every(value => value === 255));
});

test('what is no whole picture is refused', async () => {
  const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 2654435761) >>> 24);
  const picture = sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty.jpg', new Uint8Array(0), /empty/],
    ['text.jpg', Buffer.from('hello'), /no picture that is known, and begins with "hello"/],
    ['escape.jpg', Buffer.from('\u001b[2J'), /begins with "\\u001b\[2J"/],
    ['x.bmp', Buffer.from('BM123456'), /it is BMP; convert it to PNG/],
    ['x.ppm', Buffer.from('P6 1 1 255 abc'), /it is PNM/],
    ['phone.heic', Buffer.from('\0\0\0\u0018ftypheic'), /it is HEIC/],
    ['x.pdf', Buffer.from('%PDF-1.7'), /it is PDF/],
  ];
  for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
    const bytes = await picture.clone().toFormat(format).toBuffer();
    cases.push(
      [`half.${format}`, bytes.subarray(0, bytes.length / 2), /./],
      [`most.${format}`, bytes.subarray(0, bytes.length - 20), /./],
    );
  }
  for (const [name, bytes, reason] of cases) await fails(readImage(save(name, bytes)), 'BAD_IMAGE', join(home, name), reason);
  // However many are read beside it, each says the same.
  const [whole, half] = [save('whole.png', await picture.clone().png().toBuffer()), join(home, 'half.png')];
  for (let n = 0; n < 8; n++) {
    const others = Array.from({ length: 4 }, () => readImage(whole));
    await fails(
      readImage(half),
      'BAD_IMAGE',
      half,
      /can't be decoded: it is damaged, ends early, or has what sharp can't read; give a whole/,
    );
    await Promise.all(others);
  }
  await fails(readImage(home), 'NO_FILE', home, /folder/);
  await fails(readImage(join(home, 'nowhere.png')), 'NO_FILE', join(home, 'nowhere.png'), /no such file/);
});

// What a decoder that sniffs would run as a program: whatever the file is called, it is refused at once.
for (const [name, text] of [
  ['drawn.png', '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'],
  ['declared.jpg', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'],
  ['marked.webp', '\ufeff<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'],
  ['spaced.gif', '\n<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'],
  ['commented.tiff', '<!-- x --><svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'],
] as const) {
  test(`an SVG called ${name} is not drawn`, () =>
    fails(readImage(save(name, Buffer.from(text))), 'BAD_IMAGE', join(home, name), /SVG or other XML/));
}

test('an SVG that is packed, or that begins otherwise, is not drawn either', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>';
  await fails(readImage(save('packed.png', gzipSync(svg))), 'BAD_IMAGE', join(home, 'packed.png'), /it is gzip/);
  await fails(
    readImage(save('later.png', Buffer.from(`  ${svg}`))),
    'BAD_IMAGE',
    join(home, 'later.png'),
    /can't be decoded: it is/,
  );
});

test('more pixels than are read: refused by the header, with what helps', async () => {
  // A header alone: the pixels are never asked for.
  const chunk = (type: string, body: Uint8Array): Buffer => {
    const named = Buffer.concat([Buffer.from(type), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    // PNG annex D.
    let crc = 0xffffffff;
    for (const byte of named)
      for (let k = 0, bits = crc ^ byte; k < 8; k++, crc = bits) bits = bits & 1 ? (bits >>> 1) ^ 0xedb88320 : bits >>> 1;
    sum.writeUInt32BE(~crc >>> 0);
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(40_000, 0);
  header.writeUInt32BE(30_000, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const bytes = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', new Uint8Array(8)),
  ]);
  await fails(
    readImage(save('map.png', bytes)),
    'BAD_IMAGE',
    join(home, 'map.png'),
    /30000×40000 pixels, and at most 268435456 are read: shrink it to 47 % or less/,
  );
});

test('a PNG of RGB pixels', async () => {
  const bytes = await encodePng(rgba, 3, 2);
  assert.is((await sharp(bytes).metadata()).channels, 3);
  assert.equal([...(await readImage(save('out.png', bytes))).data], [...opaque]);
  await fails(encodePng(rgba, 3, 3), 'BAD_USAGE', 'PNG', /24 bytes for 3×3/);
});

async function fails(work: Promise<unknown>, code: string, place: string, reason: RegExp): Promise<void> {
  const error = await work.then(
    () => assert.unreachable(`no error for ${place}`),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  assert.ok(error.message.startsWith(place), error.message);
  assert.match(error.message, reason);
}

test.run();
