// A drawn street that drives on forever, with its exact labels: deterministic by seed, free of any licence. Everything is a polygon or a ball in
// world metres (x right, y up, z ahead), projected by a pinhole camera and painted far to near, twice as large as the picture.
// Classes are CamVid's eleven in SegNet's order, those of `regseg-camvid`.
import { type PythonRandom, pythonRandom } from './python.ts';

type Colour = readonly [number, number, number];
type Point = readonly [x: number, y: number, z: number];

export const streetClasses = [
  'sky',
  'building',
  'pole',
  'road',
  'pavement',
  'tree',
  'sign',
  'fence',
  'car',
  'pedestrian',
  'bicyclist',
] as const;
const [SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PERSON, CYCLIST] =
  streetClasses.keys() as unknown as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];

/** Nearest distance that is drawn, in metres. */
const NEAR = 0.6;
/** Length of the street that is drawn ahead, in metres, and of the cells that it is made of: each draws from its own seed, so it keeps its look. */
const FAR = 130;
const CELL = 20;
/** The street is painted this many times as large as the picture. */
const SCALE = 2;

/** One picture of the street. */
export interface StreetFrame {
  /** RGBA, `width × height`. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Class of every pixel (`streetClasses`). */
  labels: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
}

/**
 * A street by `seed` (a whole number of 0 to 100,000), as pictures of `width × height` pixels; `frame(t)` is the view after `t` metres. Frames are
 * drawn into the same two arrays, which are the caller's until the next call.
 */
export function street(seed: number, width = 480, height = 360): { frame(t: number): StreetFrame } {
  const rnd = pythonRandom(seed);
  const W = width * SCALE;
  const H = height * SCALE;
  const view = look(rnd, W, H);
  // One word a pixel: the label above, red, green and blue below, so that a polygon is filled once.
  const canvas = new Uint32Array(W * H);
  const sky = paintSky(rnd, view, W, H);
  const ground = groundOf(rnd);
  const edges = ([-1, 1] as const).map(side => {
    const kerb = jitter(rnd, [185, 182, 176], 5);
    return { side, kerb, line: rnd.random() < 0.6 };
  });
  const blur = SCALE * rnd.uniform(0.3, 0.7);
  const grain = rnd.uniform(1, 3);
  const cells = new Map<number, Thing[]>();
  const pixels = new Uint8ClampedArray(width * height * 4);
  const labels = new Uint8Array(width * height);
  const soften = softener(width, height, blur / SCALE, grain);

  return {
    frame(t) {
      canvas.set(sky);
      const brush = brushOf(canvas, W, H, view, t);
      paintGround(brush, view, ground, edges, t);
      const base = Math.floor(t / CELL) * CELL;
      const things: Thing[] = [];
      for (let cell = base - CELL; cell < base + FAR; cell += CELL) {
        if (!cells.has(cell)) cells.set(cell, thingsOf(seed, cell, view, ground.asphalt));
        things.push(...cells.get(cell)!);
      }
      for (const cell of cells.keys()) if (cell < base - CELL || cell >= base + FAR) cells.delete(cell);
      things.sort((a, b) => b.z - a.z);
      for (const thing of things) thing.draw(brush);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) labels[y * width + x] = canvas[(y * SCALE + 1) * W + x * SCALE + 1]! >>> 24;
      soften(canvas, pixels, Math.trunc(t * 100));
      return { pixels, labels, width, height };
    },
  };
}

/** What a seed says of a street's camera, light and widths. */
interface Look {
  /** Focal length and principal point in painted pixels, height of the camera in metres. */
  f: number;
  cx: number;
  cy: number;
  cam: number;
  /** Half the width of the road, and the width of a pavement, in metres. */
  half: number;
  path: number;
  light: number;
  warm: Colour;
  haze: Colour;
}

interface Thing {
  /** Where it stands among the others, in metres. */
  z: number;
  draw(brush: Brush): void;
}

function look(rnd: PythonRandom, W: number, H: number): Look {
  const f = W * rnd.uniform(0.75, 1.0);
  const cy = H * rnd.uniform(0.44, 0.52);
  const cam = rnd.uniform(1.25, 1.6);
  const cx = W * rnd.uniform(0.44, 0.56);
  const half = rnd.uniform(3.6, 5.5);
  const path = rnd.uniform(1.8, 3.2);
  const light = rnd.uniform(0.72, 1.08);
  const warm = [rnd.uniform(0.95, 1.06), 1, rnd.uniform(0.92, 1.06)] as const;
  const grey = rnd.integer(175, 215);
  return { f, cx, cy, cam, half, path, light, warm, haze: [grey, grey + 5, grey + 12] };
}

const clamp = (value: number) => Math.trunc(Math.max(0, Math.min(255, value)));
const map = (colour: Colour, f: (value: number, channel: number) => number): Colour => [
  f(colour[0], 0),
  f(colour[1], 1),
  f(colour[2], 2),
];

/** A colour near this one. */
const jitter = (rnd: PythonRandom, colour: Colour, most = 12): Colour => map(colour, v => clamp(v + rnd.uniform(-most, most)));

const word = (colour: Colour, label: number) => ((label << 24) | (colour[0] << 16) | (colour[1] << 8) | colour[2]) >>> 0;

function paintSky(rnd: PythonRandom, view: Look, W: number, H: number): Uint32Array {
  const sky = new Uint32Array(W * H);
  const top = jitter(rnd, [120, 150, 205], 30);
  const low = jitter(rnd, [205, 215, 228], 20);
  const brightness = Math.min(1.05, view.light + 0.1);
  for (let y = 0; y < H; y++) {
    const a = Math.min(1, y / Math.max(1, view.cy));
    const row = map(top, (v, c) => Math.min(255, Math.trunc((v * (1 - a) + low[c]! * a) * brightness)));
    sky.fill(word(row, SKY), y * W, (y + 1) * W);
  }
  for (let clouds = rnd.integer(0, 9); clouds > 0; clouds--) {
    const u = rnd.uniform(0, W);
    const v = rnd.uniform(0, view.cy * 0.8);
    const s = rnd.uniform(W * 0.03, W * 0.14);
    fillEllipse(sky, W, H, u - s * 2, v - s * 0.4, u + s * 2, v + s * 0.4, word(jitter(rnd, [232, 234, 240], 8), SKY));
  }
  return sky;
}

function groundOf(rnd: PythonRandom) {
  const grey = rnd.integer(74, 120);
  const stone = rnd.integer(128, 168);
  return { asphalt: jitter(rnd, [grey, grey, grey + 4], 5), paving: jitter(rnd, [stone, stone - 3, stone - 8], 7) };
}

/** Painting in world metres. */
interface Brush {
  /** A convex polygon. */
  poly(points: readonly Point[], colour: Colour, label: number, brightness?: number): void;
  /** A ball, seen as a disc. */
  ball(x: number, y: number, z: number, radius: number, colour: Colour, label: number, brightness?: number): void;
  /** A box: its face towards the camera, its top, and the side that is seen. */
  box(x0: number, x1: number, y0: number, y1: number, z0: number, z1: number, colour: Colour, label: number): void;
}

function brushOf(canvas: Uint32Array, W: number, H: number, view: Look, t: number): Brush {
  const { f, cx, cy, cam, light, warm, haze } = view;
  const shade = (colour: Colour, z: number, brightness: number): Colour => {
    const a = 1 - Math.exp(-Math.max(z, 0) / 90);
    return map(colour, (v, c) => clamp(v * light * brightness * warm[c]! * (1 - a) + haze[c]! * a));
  };
  const poly: Brush['poly'] = (points, colour, label, brightness = 1) => {
    const seen: Point[] = [];
    let depth = 0;
    for (let i = 0; i < points.length; i++) {
      const [ax, ay, az0] = points[i]!;
      const [bx, by, bz0] = points[(i + 1) % points.length]!;
      const az = az0 - t;
      const bz = bz0 - t;
      if (az >= NEAR) seen.push([ax, ay, az]);
      if (az >= NEAR !== bz >= NEAR) {
        const s = (NEAR - az) / (bz - az);
        seen.push([ax + s * (bx - ax), ay + s * (by - ay), az + s * (bz - az)]);
      }
    }
    if (seen.length < 3) return;
    for (const [, , z] of seen) depth += z / seen.length;
    const corners = seen.map(([x, y, z]) => [cx + (f * x) / z, cy - (f * (y - cam)) / z] as const);
    fillConvex(canvas, W, H, corners, word(shade(colour, depth, brightness), label));
  };
  return {
    poly,
    ball(x, y, z0, radius, colour, label, brightness = 1) {
      const z = z0 - t;
      if (z < NEAR) return;
      const u = cx + (f * x) / z;
      const v = cy - (f * (y - cam)) / z;
      const s = (f * radius) / z;
      fillEllipse(canvas, W, H, u - s, v - s, u + s, v + s, word(shade(colour, z, brightness), label));
    },
    box(x0, x1, y0, y1, z0, z1, colour, label) {
      if (z1 - t <= NEAR) return;
      const side = (x: number) =>
        poly(
          [
            [x, y0, z0],
            [x, y1, z0],
            [x, y1, z1],
            [x, y0, z1],
          ],
          colour,
          label,
          0.8,
        );
      if (x0 > 0) side(x0);
      if (x1 < 0) side(x1);
      poly(
        [
          [x0, y1, z0],
          [x1, y1, z0],
          [x1, y1, z1],
          [x0, y1, z1],
        ],
        colour,
        label,
        1.15,
      );
      poly(
        [
          [x0, y0, z0],
          [x1, y0, z0],
          [x1, y1, z0],
          [x0, y1, z0],
        ],
        colour,
        label,
      );
    },
  };
}

/** Ground in bands, so that each takes the haze of its own distance; kerbs, lines along the road and dashes in its middle. */
function paintGround(
  { poly }: Brush,
  { half }: Look,
  { asphalt, paving }: { asphalt: Colour; paving: Colour },
  edges: readonly { side: number; kerb: Colour; line: boolean }[],
  t: number,
) {
  const strip = (x0: number, x1: number, y: number, z0: number, z1: number, colour: Colour, label: number) =>
    poly(
      [
        [x0, y, z0],
        [x1, y, z0],
        [x1, y, z1],
        [x0, y, z1],
      ],
      colour,
      label,
    );
  const bands = [0.5, 4, 8, 14, 22, 34, 50, 75, 110, 160, 400];
  for (let i = 0; i + 1 < bands.length; i++) {
    strip(-60, 60, 0, t + bands[i]!, t + bands[i + 1]!, paving, PAVEMENT);
    strip(-half, half, 0, t + bands[i]!, t + bands[i + 1]!, asphalt, ROAD);
  }
  for (const { side, kerb, line } of edges) {
    strip(side * half, side * (half + 0.25), 0, t + 0.5, t + 400, kerb, PAVEMENT);
    const e = side * (half - 0.35);
    if (line) strip(e, e + side * 0.12, 0.01, t + 0.5, t + 300, [205, 195, 120], ROAD);
  }
  const base = Math.floor(t / CELL) * CELL;
  for (let z = base - CELL; z < base + FAR; z += 6) strip(-0.07, 0.07, 0.01, z, z + 2.6, [214, 214, 210], ROAD);
}

/** What stands in one cell of the street. Every draw stands where its sibling in Python has it: their order is the street's look. */
function thingsOf(seed: number, cell: number, { half, path }: Look, asphalt: Colour): Thing[] {
  const r = pythonRandom(seed * 7919 + cell * 31);
  const near = (colour: Colour, most = 14) => jitter(r, colour, most);
  const things: Thing[] = [];
  for (const side of [-1, 1]) {
    for (let z = cell; z < cell + CELL; ) {
      const d = r.uniform(7, 14);
      const tall = r.uniform(6, 17);
      const x = half + path + r.uniform(0, 2.2);
      const kind = r.random();
      if (kind < 0.8)
        things.push({
          z: z + d / 2 + 4,
          draw: house(side, x, z, d, tall, near(r.choice(WALLS), 18), near([70, 80, 96], 20), r.random()),
        });
      else if (kind < 0.92) things.push({ z: z + d / 2 + 2, draw: fence(side * x, z, d, near([120, 104, 80], 20)) });
      z += d;
    }
    for (let n = r.choice([0, 1, 1, 2]); n > 0; n--) {
      const z = cell + r.uniform(0, 20);
      const x = side * (half + r.uniform(0.8, path + 1));
      const size = r.uniform(1.2, 2.6);
      const green = near([66, 94, 48], 22);
      const blobs = Array.from(
        { length: 26 },
        () => [r.uniform(-1, 1), r.uniform(-0.7, 0.9), r.uniform(0.35, 0.75), r.uniform(0.75, 1.2)] as const,
      );
      things.push({
        z,
        draw: tree(
          x,
          z,
          size,
          green,
          blobs.sort((a, b) => a[3] - b[3]),
        ),
      });
    }
    if (r.random() < 0.75) {
      const z = cell + r.uniform(0, 20);
      const x = side * (half + 0.5);
      const tall = r.uniform(4.5, 8);
      const lamp = r.random() < 0.5;
      things.push({ z, draw: pole(side, x, z, tall, lamp, near([96, 98, 100], 16)) });
    }
    if (r.random() < 0.4) {
      const z = cell + r.uniform(0, 20);
      const x = side * (half + r.uniform(0.4, 1.0));
      const colour = r.choice(SIGNS);
      const round = r.random() < 0.5;
      things.push({ z: z - 0.1, draw: sign(x, z, colour, round, r.uniform(2.0, 2.8)) });
    }
    for (let n = r.choice([0, 1, 1, 2]); n > 0; n--) {
      const z = cell + r.uniform(0, 20);
      const x = r.random() < 0.7 ? side * (half - r.uniform(1.0, 1.5)) : side * half * 0.5;
      const colour = near(r.choice(CARS), 16);
      const length = r.uniform(3.8, 4.6);
      things.push({ z: z + 2, draw: car(x, z, colour, length, r.uniform(1.35, 1.75)) });
    }
    for (let n = r.choice([0, 1, 1, 2]); n > 0; n--) {
      const z = cell + r.uniform(0, 20);
      const x = side * (half + r.uniform(0.5, path));
      const top = near(r.choice(SHIRTS), 20);
      const leg = near([50, 52, 66], 16);
      const size = r.uniform(0.92, 1.06);
      things.push({ z, draw: person(x, z, top, leg, size, r.uniform(0.04, 0.2)) });
    }
    if (r.random() < 0.28) {
      const z = cell + r.uniform(0, 20);
      const x = side * (half - r.uniform(0.5, 1.8));
      things.push({ z, draw: rider(x, z, near([170, 150, 60], 50), asphalt) });
    }
  }
  return things;
}

const WALLS: readonly Colour[] = [
  [150, 110, 88],
  [172, 160, 140],
  [120, 96, 84],
  [188, 176, 160],
  [110, 112, 120],
  [205, 198, 186],
];
const SIGNS: readonly Colour[] = [
  [190, 40, 44],
  [30, 70, 160],
  [214, 190, 60],
  [236, 236, 236],
];
const CARS: readonly Colour[] = [
  [160, 30, 34],
  [40, 60, 120],
  [190, 190, 194],
  [30, 32, 36],
  [220, 220, 222],
  [60, 100, 70],
  [120, 120, 126],
];
const SHIRTS: readonly Colour[] = [
  [150, 40, 50],
  [40, 60, 110],
  [60, 60, 60],
  [190, 170, 120],
];

function house(
  side: number,
  x: number,
  z: number,
  d: number,
  tall: number,
  wall: Colour,
  pane: Colour,
  kind: number,
): Thing['draw'] {
  return ({ box, poly }) => {
    box(side > 0 ? x : -x - 14, side > 0 ? x + 14 : -x, 0, tall, z, z + d, wall, BUILDING);
    const e = side * (x - 0.02);
    for (let floor = 0; floor < Math.floor(tall / 3.1); floor++)
      for (let k = 0; k < Math.floor(d / 2.6); k++) {
        const a = floor * 3.1 + 1.1;
        const b = z + 0.7 + k * 2.6;
        const brightness = 0.7 + (0.5 * ((floor * 7 + k * 3 + kind * 10) % 3)) / 3;
        poly(
          [
            [e, a, b],
            [e, a + 1.5, b],
            [e, a + 1.5, b + 1.2],
            [e, a, b + 1.2],
          ],
          pane,
          BUILDING,
          brightness,
        );
      }
    const ridge = side * (x + 5);
    if (kind < 0.5)
      poly(
        [
          [e, tall, z],
          [ridge, tall + 2.6, z],
          [ridge, tall + 2.6, z + d],
          [e, tall, z + d],
        ],
        [112, 74, 62],
        BUILDING,
      );
  };
}

function fence(e: number, z: number, d: number, colour: Colour): Thing['draw'] {
  return ({ poly }) => {
    poly(
      [
        [e, 0, z],
        [e, 1.5, z],
        [e, 1.5, z + d],
        [e, 0, z + d],
      ],
      colour,
      FENCE,
    );
    for (let k = 0; k < Math.trunc(d / 0.9); k++) {
      const at = z + k * 0.9;
      poly(
        [
          [e, 0, at],
          [e, 1.55, at],
          [e, 1.55, at + 0.12],
          [e, 0, at + 0.12],
        ],
        colour,
        FENCE,
        0.7,
      );
    }
  };
}

function tree(
  x: number,
  z: number,
  size: number,
  green: Colour,
  blobs: readonly (readonly [number, number, number, number])[],
): Thing['draw'] {
  return ({ box, ball }) => {
    box(x - 0.14, x + 0.14, 0, 2.6, z, z + 0.28, [82, 66, 52], TREE);
    for (const [bx, by, radius, brightness] of blobs)
      ball(x + bx * size, 2.6 + size + by * size, z, radius * size * 0.75, green, TREE, brightness);
  };
}

function pole(side: number, x: number, z: number, tall: number, lamp: boolean, colour: Colour): Thing['draw'] {
  return ({ box, poly }) => {
    box(x - 0.07, x + 0.07, 0, tall, z, z + 0.14, colour, POLE);
    const arm = x - side * 1.6;
    if (lamp)
      poly(
        [
          [x, tall, z],
          [arm, tall + 0.15, z],
          [arm, tall, z],
          [x, tall - 0.12, z],
        ],
        colour,
        POLE,
      );
  };
}

function sign(x: number, z: number, colour: Colour, round: boolean, y: number): Thing['draw'] {
  return ({ box, ball }) => {
    box(x - 0.04, x + 0.04, 0, y, z + 0.05, z + 0.1, [120, 120, 122], POLE);
    if (!round) return box(x - 0.4, x + 0.4, y, y + 0.7, z, z + 0.02, colour, SIGN);
    ball(x, y + 0.3, z, 0.36, colour, SIGN);
    ball(x, y + 0.3, z, 0.2, [235, 235, 235], SIGN);
  };
}

function car(x: number, z: number, colour: Colour, length: number, tall: number): Thing['draw'] {
  return ({ box, poly }) => {
    for (const dx of [-0.8, 0.62]) box(x + dx, x + dx + 0.2, 0, 0.5, z, z + 0.5, [24, 24, 26], CAR);
    box(x - 0.88, x + 0.88, 0.28, tall * 0.58, z, z + length, colour, CAR);
    const front = z + length * 0.22;
    box(
      x - 0.76,
      x + 0.76,
      tall * 0.58,
      tall,
      front,
      z + length * 0.8,
      map(colour, v => Math.trunc(v * 0.9)),
      CAR,
    );
    const [low, high, at] = [tall * 0.62, tall * 0.95, front - 0.02];
    poly(
      [
        [x - 0.66, low, at],
        [x + 0.66, low, at],
        [x + 0.6, high, at],
        [x - 0.6, high, at],
      ],
      [50, 60, 74],
      CAR,
    );
    const [under, over, back] = [tall * 0.42, tall * 0.54, z - 0.02];
    for (const dx of [-0.8, 0.55]) {
      const [a, b] = [x + dx, x + dx + 0.25];
      poly(
        [
          [a, under, back],
          [b, under, back],
          [b, over, back],
          [a, over, back],
        ],
        [190, 40, 36],
        CAR,
      );
    }
  };
}

function person(x: number, z: number, top: Colour, leg: Colour, size: number, step: number): Thing['draw'] {
  return ({ box, ball }) => {
    for (const d of [-1, 1]) box(x + d * step - 0.08, x + d * step + 0.08, 0, 0.85 * size, z, z + 0.1, leg, PERSON);
    box(x - 0.24, x + 0.24, 0.8 * size, 1.45 * size, z, z + 0.15, top, PERSON);
    ball(x, 1.6 * size, z, 0.14, [196, 156, 130], PERSON);
  };
}

function rider(x: number, z: number, top: Colour, asphalt: Colour): Thing['draw'] {
  return ({ box, ball }) => {
    ball(x, 0.34, z, 0.34, [30, 30, 32], CYCLIST);
    ball(x, 0.34, z - 0.01, 0.26, asphalt, CYCLIST);
    box(x - 0.03, x + 0.03, 0.3, 1.0, z - 0.02, z, [60, 60, 64], CYCLIST);
    for (const d of [-1, 1]) box(x + d * 0.13 - 0.08, x + d * 0.13 + 0.08, 0.45, 1.0, z, z + 0.1, [44, 46, 60], CYCLIST);
    box(x - 0.22, x + 0.22, 0.95, 1.52, z, z + 0.12, top, CYCLIST);
    ball(x, 1.68, z, 0.13, [200, 160, 132], CYCLIST);
  };
}

/** Fills a convex polygon: corners at whole pixels, both ends of each row and the last row included. */
function fillConvex(canvas: Uint32Array, W: number, H: number, points: readonly (readonly [number, number])[], value: number) {
  const corners = points.map(([x, y]) => [Math.trunc(x), Math.trunc(y)] as const);
  let top = H - 1;
  let bottom = 0;
  for (const [, y] of corners) {
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  for (let y = Math.max(0, top); y <= Math.min(H - 1, bottom); y++) {
    let left = Number.POSITIVE_INFINITY;
    let right = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < corners.length; i++) {
      const [ax, ay] = corners[i]!;
      const [bx, by] = corners[(i + 1) % corners.length]!;
      if (Math.min(ay, by) > y || Math.max(ay, by) < y) continue;
      const x = ay === by ? ax : ax + ((y - ay) * (bx - ax)) / (by - ay);
      left = Math.min(left, x, ay === by ? bx : x);
      right = Math.max(right, x, ay === by ? bx : x);
    }
    const from = Math.max(0, Math.round(left));
    const to = Math.min(W - 1, Math.round(right));
    if (from <= to) canvas.fill(value, y * W + from, y * W + to + 1);
  }
}

/** Fills the ellipse in a box of whole pixels, the last of each included. */
function fillEllipse(canvas: Uint32Array, W: number, H: number, x0: number, y0: number, x1: number, y1: number, value: number) {
  const [left, top, right, bottom] = [Math.trunc(x0), Math.trunc(y0), Math.trunc(x1), Math.trunc(y1)];
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  const [rx, ry] = [(right - left + 1) / 2, (bottom - top + 1) / 2];
  for (let y = Math.max(0, top); y <= Math.min(H - 1, bottom); y++) {
    const reach = rx * Math.sqrt(Math.max(0, 1 - ((y - cy) / ry) ** 2));
    const from = Math.max(0, Math.ceil(cx - reach));
    const to = Math.min(W - 1, Math.floor(cx + reach));
    if (from <= to) canvas.fill(value, y * W + from, y * W + to + 1);
  }
}

/** Brings the painting to the picture's size (mean of each square), softens it by `sigma` pixels and adds grain, as a small camera does. */
function softener(width: number, height: number, sigma: number, grain: number) {
  const W = width * SCALE;
  const small = new Float32Array(width * height * 3);
  const across = new Float32Array(width * height * 3);
  const near = Math.exp(-1 / (2 * sigma * sigma));
  const [middle, side] = [1 / (1 + 2 * near), near / (1 + 2 * near)];
  return (canvas: Uint32Array, pixels: Uint8ClampedArray, frame: number) => {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = y * SCALE * W + x * SCALE;
        const [a, b, c, d] = [canvas[at]!, canvas[at + 1]!, canvas[at + W]!, canvas[at + W + 1]!];
        for (let channel = 0; channel < 3; channel++) {
          const shift = 16 - channel * 8;
          small[(y * width + x) * 3 + channel] =
            (((a >>> shift) & 255) + ((b >>> shift) & 255) + ((c >>> shift) & 255) + ((d >>> shift) & 255)) / 4;
        }
      }
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 3;
        const [l, r] = [x > 0 ? at - 3 : at, x + 1 < width ? at + 3 : at];
        for (let c = 0; c < 3; c++) across[at + c] = middle * small[at + c]! + side * (small[l + c]! + small[r + c]!);
      }
    let noise = (frame * 0x9e3779b1) | 1;
    for (let y = 0; y < height; y++) {
      const [up, down] = [y > 0 ? -width * 3 : 0, y + 1 < height ? width * 3 : 0];
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 3;
        // xorshift32 (Marsaglia 2003); the sum of four bytes is nearly normal, with a deviation of 148.
        noise ^= noise << 13;
        noise ^= noise >>> 17;
        noise ^= noise << 5;
        const sum = (noise & 255) + ((noise >>> 8) & 255) + ((noise >>> 16) & 255) + (noise >>> 24) - 510;
        const to = (y * width + x) * 4;
        for (let c = 0; c < 3; c++)
          pixels[to + c] = middle * across[at + c]! + side * (across[at + up + c]! + across[at + down + c]!) + (sum / 148) * grain;
        pixels[to + 3] = 255;
      }
    }
  };
}
