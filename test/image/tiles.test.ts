// How pictures are cut into tiles: counts, sizes, and what is refused.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Size } from '../../src/image/size.ts';
import { type Tiling, tilesOf } from '../../src/image/tiles.ts';
import { dilatedNets } from '../../src/models/dilatednet.ts';

const usage = (message: RegExp) => (error: { code: string; message: string }) =>
  error.code === 'BAD_USAGE' && message.test(error.message);
const published = (name: string) => dilatedNets.get(name)!.tile;

/** Network, picture, tile, rows and columns: the pictures of the data sets, then sizes about a tile's. */
const cuts: [string, [number, number], [number, number], [number, number]][] = [
  ['dilation8_pascal_voc', [500, 375], [900, 900], [1, 1]],
  ['dilation10_cityscapes', [1024, 2048], [1396, 1396], [1, 2]],
  ['dilation8_camvid', [720, 960], [900, 1100], [2, 2]],
  // 852 less two margins is 480 rows; 1640 leave 1268 columns, which are no whole cells.
  ['dilation7_kitti', [370, 1226], [852, 1640], [1, 1]],
  ['dilation8_pascal_voc', [528, 528], [900, 900], [1, 1]],
  ['dilation8_pascal_voc', [529, 528], [900, 900], [2, 1]],
  ['dilation8_pascal_voc', [528, 1057], [900, 900], [1, 3]],
  ['frontend_pascal_voc', [1, 1], [900, 900], [1, 1]],
];

for (const [name, [h, w], size, counts] of cuts) {
  test(`${name}: a picture of ${h}×${w} has ${counts.join('×')} published tiles`, () => {
    const tiles = tilesOf({ h, w }, published(name), 'published');
    assert.equal([tiles.size.h, tiles.size.w], size);
    assert.equal([tiles.rows, tiles.columns], counts);
    assert.is(tiles.margin, 186);
    assert.equal(tiles.step, { h: size[0] - 372, w: size[1] - 372 });
  });
}

test('none: one tile that holds the picture and whole cells', () => {
  for (const [pixels, wanted] of [
    [1, 380],
    [8, 380],
    [9, 388],
    [500, 876],
    [504, 876],
  ]) {
    const other = { h: 720, w: pixels };
    const { size, step, rows, columns } = tilesOf(other, published('dilation8_camvid'), 'none');
    assert.equal([size, rows, columns], [{ h: 1092, w: wanted }, 1, 1]);
    assert.equal(step, { h: 720, w: wanted - 372 });
  }
});

test('sizes of one’s own', () => {
  const camvid = published('dilation8_camvid');
  const tiles = tilesOf({ h: 720, w: 960 }, camvid, { height: 532, width: 692 });
  assert.equal(tiles, { size: { h: 532, w: 692 }, step: { h: 160, w: 320 }, margin: 186, rows: 5, columns: 3 });
  const least = tilesOf({ h: 9, w: 8 }, camvid, { height: 380, width: 380 });
  assert.equal([least.rows, least.columns, least.step], [2, 1, { h: 8, w: 8 }]);
  const one = tilesOf({ h: 1, w: 1 }, camvid, { height: 380, width: 380 });
  assert.equal([one.rows, one.columns], [1, 1]);
});

test('every pixel lies in a tile, and every tile has some', () => {
  const pictures: Size[] = [1, 7, 8, 159, 160, 161, 321, 960].map(w => ({ h: 1081 - w, w }));
  const tilings: Tiling[] = ['published', 'none', { height: 532, width: 532 }, { height: 380, width: 500 }];
  for (const { tile } of dilatedNets.values()) {
    for (const picture of pictures) {
      for (const tiling of tilings) {
        const { step, rows, columns, size, margin } = tilesOf(picture, tile, tiling);
        assert.ok(rows * step.h >= picture.h && (rows - 1) * step.h < picture.h);
        assert.ok(columns * step.w >= picture.w && (columns - 1) * step.w < picture.w);
        assert.equal([size.h - step.h, size.w - step.w], [2 * margin, 2 * margin]);
      }
    }
  }
});

const wrong: [number, number, RegExp][] = [
  [900, 901, /^tile 900x901: 901 pixels less two margins of 186 leave 529, which must be a multiple of 8; 908 would do$/],
  [379, 900, /^tile 379x900: 379 pixels less two margins of 186 leave 7, /],
  [372, 900, /leave 0, which must be a multiple of 8/],
  [100, 900, /leave -272, which must/],
  [900, 0, /^tile 900x0: 0 pixels .* leave -372, /],
];

for (const [height, width, message] of wrong) {
  test(`a tile of ${height}×${width} is refused`, () => {
    assert.throws(() => tilesOf({ h: 900, w: 901 }, published('dilation8_pascal_voc'), { height, width }), usage(message));
  });
}

test('what an error names would do', () => {
  const tile = published('dilation8_pascal_voc');
  for (const width of [901, 373, 1000, 372, 100, 0]) {
    let named = 0;
    assert.throws(
      () => tilesOf({ h: 5, w: 5 }, tile, { height: 900, width }),
      ({ message }: Error) => (named = Number(/(\d+) would do$/.exec(message)![1])) > 0,
    );
    const { size } = tilesOf({ h: 5, w: 5 }, tile, { height: 900, width: named });
    assert.is(size.w, named);
  }
});

test.run();
