// Polygons of a class: exact ones cover its pixels and no others, simplified ones stay near, areas and holes are told apart.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError } from '../../src/errors.ts';
import { type ClassMap, type Polygon, polygons, type Ring } from '../../src/polygons.ts';
import { uniform } from '../../src/weights/seeded.ts';

const labels = ['ground', 'thing'];

/** Digits are classes, a line a row. */
function map(...rows: string[]): ClassMap {
  return { classes: Uint8Array.from(rows.join(''), Number), width: rows[0].length, height: rows.length, labels };
}

/** Even-odd rule at the middle of a pixel, all rings together. */
function covers(shapes: readonly Polygon[], x: number, y: number): boolean {
  let inside = false;
  for (const ring of shapes.flat()) {
    ring.forEach(([ax, ay], n) => {
      const [bx, by] = ring[(n + 1) % ring.length];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
    });
  }
  return inside;
}

function distance([x, y]: Ring[number], ring: Ring): number {
  return Math.min(
    ...ring.map(([ax, ay], n) => {
      const [bx, by] = ring[(n + 1) % ring.length];
      const length = (bx - ax) ** 2 + (by - ay) ** 2;
      const t = Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0), 1);
      return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
    }),
  );
}

test('corners, by hand', () => {
  assert.equal(polygons(map('1'), 1, { tolerance: 0 }), [
    [
      [
        [1, 0],
        [1, 1],
        [0, 1],
        [0, 0],
      ],
    ],
  ]);
  const [outer, hole] = polygons(map('111', '101', '111'), 'thing', { tolerance: 0 })[0];
  assert.equal([outer.length, hole.length], [4, 4]);
  assert.equal(polygons(map('000'), 1), []);
  assert.is(polygons(map('10', '01'), 1, { tolerance: 0 }).length, 2, 'pixels that meet at a corner');
  const [open] = polygons(map('111', '101', '110', '111'), 1, { tolerance: 0 });
  assert.is(open.length, 1, 'what is not the class meets at a corner too, so this is no hole');
  const nested = polygons(map('11111', '10001', '10101', '10001', '11111'), 1, { tolerance: 0 });
  assert.equal(
    nested.map(rings => rings.length),
    [2, 1],
    'the largest first, an island in its hole',
  );
});

for (const [h, w, share] of [
  [1, 1, 1],
  [1, 17, 0.5],
  [12, 9, 0.2],
  [20, 31, 0.5],
  [31, 20, 0.9],
])
  test(`${h}×${w}, ${share} of it: exact ones cover the pixels and no others`, () => {
    const noise = uniform(`polygons ${h} ${w}`, h * w);
    const source: ClassMap = { classes: Uint8Array.from(noise, u => Number(u < share)), width: w, height: h, labels };
    const shapes = polygons(source, 1, { tolerance: 0 });
    for (let n = 0; n < h * w; n++)
      assert.is(covers(shapes, (n % w) + 0.5, Math.floor(n / w) + 0.5), source.classes[n] === 1, `pixel ${n}`);
  });

test('a disk: fewer corners, none farther away than the tolerance', () => {
  const size = 64;
  const classes = Uint8Array.from({ length: size * size }, (_, n) =>
    Number(Math.hypot((n % size) - 32, Math.floor(n / size) - 32) < 25),
  );
  const disk: ClassMap = { classes, width: size, height: size, labels };
  const [[exact]] = polygons(disk, 1, { tolerance: 0 });
  for (const tolerance of [0.5, 1, 3]) {
    const [[ring]] = polygons(disk, 1, { tolerance });
    assert.ok(ring.length < exact.length / (tolerance === 0.5 ? 1 : 3), `${ring.length} of ${exact.length}`);
    for (const corner of exact) assert.ok(distance(corner, ring) <= tolerance + 1e-9);
  }
});

test('what is no class, no result, no tolerance', () => {
  const refused: [() => unknown, RegExp][] = [
    [() => polygons(map('1'), 'unicorn'), /no class "unicorn": there are 0 to 1/],
    [() => polygons(map('1'), 2), /no class 2/],
    [() => polygons({ ...map('1'), classes: null } as never, 1), /classes is null.*in memory/],
    [() => polygons({ ...map('1'), width: 2 }, 1), /1 classes for 2×1 pixels/],
    [() => polygons(map('1'), 1, { tolerance: -1 }), /tolerance is -1/],
    [() => polygons(map('1'), 1, { tolerence: 1 } as never), /no option "tolerence": there are tolerance/],
  ];
  for (const [call, message] of refused) {
    try {
      call();
    } catch (error) {
      assert.is((error as AtrousError).code, 'BAD_USAGE');
      assert.match((error as AtrousError).message, message);
      continue;
    }
    assert.unreachable(String(message));
  }
});

test.run();
