// Fields of view against the paper's numbers, and against brute force: every pixel of every layer's field, holes included.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Builder, builder } from '../../src/graph/build.ts';
import { type FieldsOfView, fieldsOfView, layers } from '../../src/graph/fov.ts';
import { type Graph, type Resampling, resolve } from '../../src/graph/graph.ts';
import { infer } from '../../src/graph/ops.ts';
import { boxOf, clip, firstHole, type Region } from '../../src/graph/region.ts';
import { decoders } from '../../src/models/decoders.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fuse } from '../../src/passes/index.ts';
import { type Mask, reach } from './reach.ts';

const network = (name: string, h: number, w = h): Graph => findNetwork(name).build({ classes: 19, h, w });

/** The region inside the picture and the mask, pixel by pixel. */
function mustMatch(region: Region, mask: Mask | null, graph: Graph, what: string): void {
  const inside = clip(region, { top: 0, left: 0, bottom: graph.input.h, right: graph.input.w });
  const box = boxOf(inside);
  const found = mask && { top: mask.top, left: mask.left, bottom: mask.top + mask.h, right: mask.left + mask.w };
  assert.equal(box, found, `${what}: box`);
  for (const { top, bottom, spans } of inside) {
    const row = new Uint8Array(mask!.w);
    for (let n = 0; n < spans.length; n += 2) row.fill(1, spans[n] - mask!.left, spans[n + 1] - mask!.left);
    for (let at = top; at < bottom; at++) {
      const start = (at - mask!.top) * mask!.w;
      if (Buffer.compare(mask!.bytes.subarray(start, start + mask!.w), row) !== 0) assert.unreachable(`${what}: row ${at} differs`);
    }
  }
  // Rows between the bands hold nothing.
  let count = 0;
  for (const byte of mask?.bytes ?? []) count += byte;
  const pixels = inside.reduce((sum, { top, bottom, spans }) => {
    return sum + (bottom - top) * spans.reduce((width, at, n) => width + (n % 2 ? at : -at), 0);
  }, 0);
  assert.is(pixels, count, `${what}: pixels`);
}

function compare(graph: Graph, fields: FieldsOfView, value: string, row: number, column: number): void {
  const { region } = fields.see(value, row, column);
  mustMatch(region, reach(graph, resolve(graph, value), row, column), graph, `${graph.name} ${value} (${row}, ${column})`);
}

/** Equal box, and holes just where the table says so. */
function compareTable(name: string, size: number, part: (layer: string) => boolean): void {
  const graph = network(name, size);
  const fields = fieldsOfView(graph);
  for (const layer of layers(graph).filter(part)) {
    const { stride, size: field, holes } = fields.of(layer);
    const cell = Math.floor(size / stride.h / 2);
    const mask = reach(graph, layer, cell, cell)!;
    assert.equal([mask.h, mask.w], [field.h, field.w], `${name} ${layer}`);
    const first = mask.bytes.indexOf(0);
    const found = first < 0 ? null : { row: Math.floor(first / mask.w), column: first % mask.w };
    assert.equal(holes && { row: holes.row, column: holes.column }, found, `${name} ${layer}: first hole`);
    mustMatch(fields.see(layer, cell, cell).region, mask, graph, `${name} ${layer}`);
  }
}

const inBody = (layer: string): boolean => layer === 'stem' || layer.startsWith('body.');

const bodies: readonly [name: string, pixels: number][] = [
  ['exp30', 3263],
  ['exp43', 3743],
  ['exp46', 3295],
  ['exp47', 4127],
  ['exp48', 3807],
  ['exp49', 3807],
  ['exp50', 3743],
  ['exp51', 3743],
  ['exp52', 2207],
  ['exp53', 3863],
  ['regnety600mf', 479],
];

test('every body sees as far as the paper says', () => {
  for (const [name, pixels] of bodies) {
    const fields = fieldsOfView(network(`${name}_decoder14`, 1024, 2048));
    const { size, stride, period, first, whole } = fields.of('body');
    assert.equal([name, size, stride, whole], [name, { h: pixels, w: pixels }, { h: 16, w: 16 }, false]);
    assert.equal(
      [period, first],
      [
        { h: 1, w: 1 },
        { row: (1 - pixels) / 2, column: (1 - pixels) / 2 },
      ],
    );
    assert.ok(fields.gates.length > 0);
  }
});

test('only exp30 has holes: a rate of 4 at stride 16 where the field is 63', () => {
  for (const [name] of bodies) {
    const graph = network(`${name}_decoder14`, 1024, 2048);
    const fields = fieldsOfView(graph);
    const gaps = layers(graph).filter(layer => fields.of(layer).holes !== null);
    const over = layers(graph).filter(layer => Math.max(0, ...fields.rates(layer)) > (fields.bound(layer) ?? Infinity));
    if (name !== 'exp30') assert.equal([name, gaps, over], [name, [], []]);
    else assert.equal([gaps[0], over[0], gaps.at(-1)], ['body.stage16.1', 'body.stage16.1', 'decoder.head16']);
  }
});

test('layers, rates and bounds of exp48', () => {
  const graph = network('regseg', 1024, 2048);
  const fields = fieldsOfView(graph);
  assert.equal(
    layers(graph).filter(layer => !layer.startsWith('body.stage16')),
    ['stem', 'body.stage4', 'body.stage8.0', 'body.stage8.1', 'body.stage8.2'].concat([
      'decoder.head16',
      'decoder.head8',
      'decoder.conv8',
      'decoder.head4',
      'decoder.conv4',
      'decoder.classifier',
      'classes',
    ]),
  );
  const row = (layer: string): unknown[] => [fields.rates(layer), fields.bound(layer), fields.of(layer).size.h];
  assert.equal(row('stem'), [[1], 1, 3]);
  assert.equal(row('body.stage16.2'), [[1, 2], 5, 159]);
  assert.equal(row('body.stage16.7'), [[1, 14], 41, 1119]);
  assert.equal(row('body.stage16.13'), [[1, 14], 209, 3807]);
  assert.equal(row('decoder.head16'), [[], null, 3807]);
  assert.equal(row('decoder.classifier'), [[], null, 3855]);
  assert.equal(fields.of('decoder').period, { h: 4, w: 4 });
});

test('brute force: stem and body of exp48', () => compareTable('exp48_decoder26', 4096, inBody));

test('brute force: stem and body of exp49', () => compareTable('exp49_decoder26', 4096, inBody));

test('brute force: stem and body of regnety600mf', () => compareTable('regnety600mf_decoder14', 512, inBody));

test('brute force: the holes of exp30', () =>
  compareTable('exp30_decoder26', 3328, layer => /^body\.stage16\.(1|2|5|6|13)$/.test(layer)));

test('brute force: heads and decoders, cells of every phase', () => {
  for (const decoder of ['decoder4', 'decoder10', 'decoder12', 'decoder26', 'lraspp']) {
    const graph = network(`regnety600mf_${decoder}`, 704, 672);
    const fields = fieldsOfView(graph);
    for (const layer of layers(graph).filter(name => !inBody(name))) {
      const middle = Math.floor(704 / fields.of(layer).stride.h / 2);
      for (let n = 0; n < 4; n++) compare(graph, fields, layer, middle + n, middle - 5 + ((3 * n) % 4));
    }
  }
  const graph = network('regseg', 4096);
  compare(graph, fieldsOfView(graph), 'decoder.classifier', 513, 510);
});

test('brute force: cells at the border see what lies in the picture', () => {
  const graph = network('regseg', 256, 512);
  const fields = fieldsOfView(graph);
  for (const [row, column] of [
    [0, 0],
    [15, 31],
    [3, 9],
    [8, 30],
  ]) {
    for (const layer of ['body.stage16.0', 'body.stage16.3', 'body.stage16.6', 'body']) compare(graph, fields, layer, row, column);
    compare(graph, fields, 'decoder', 4 * row + 1, 4 * column + 2);
  }
});

/** Deterministic numbers from 0 to n − 1. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

interface Map {
  value: string;
  h: number;
  w: number;
}

/** A few layers of 4 channels in any order: dilated branches with holes, strides, pools, resizes there and back, shortcuts. */
function anyNetwork(seed: number): Graph {
  const roll = dice(seed);
  const [h, w] = [96 + roll(17), 96 + roll(17)];
  const b = builder(`network ${seed}`, { c: 4, h, w });
  let map: Map = { value: b.input, h, w };
  const modes: readonly Resampling[] = ['half-pixel', 'corners', 'nearest'];
  for (let n = 0; n < 5; n++) {
    const next = [conv, branches, pool, zoom, shortcut][roll(5)](b, `layer${n}`, map, roll);
    map = next;
  }
  return b.graph([map.value]);

  function conv(b: Builder, name: string, { value, h, w }: Map, roll: (n: number) => number): Map {
    const [stride, dilation, kernel] = [1 + roll(2), 1 + roll(3), 1 + roll(3)];
    const pad = Math.floor((dilation * (kernel - 1)) / 2);
    const size = (n: number): number => Math.floor((n + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
    return { value: b.conv(name, value, { in: 4, out: 4, kernel, stride, dilation, pad, groups: 2 }), h: size(h), w: size(w) };
  }
  function branches(b: Builder, name: string, { value, h, w }: Map, roll: (n: number) => number): Map {
    const parts = [0, 1].map(n => {
      const dilation = 1 + roll(4);
      const half = b.slice(`${name}.split.${n}`, value, 2 * n, 2 * n + 2);
      return b.conv(`${name}.convs.${n}`, half, { in: 2, out: 2, kernel: 3, dilation, pad: dilation, groups: 1 + roll(2) });
    });
    return { value: b.concat(name, roll(2) ? parts : parts.reverse()), h, w };
  }
  function pool(b: Builder, name: string, { value, h, w }: Map): Map {
    return { value: b.pool(name, value), h: Math.ceil(h / 2), w: Math.ceil(w / 2) };
  }
  function zoom(b: Builder, name: string, { value, h, w }: Map, roll: (n: number) => number): Map {
    const to = [
      { h: 2 * h, w: 2 * w },
      { h: h + 1 + roll(5), w: w + 1 + roll(5) },
      { h: Math.ceil(h / 2), w: Math.ceil(w / 3) },
    ][roll(3)];
    return { value: b.resize(name, value, to, modes[roll(3)]), ...to };
  }
  function shortcut(b: Builder, name: string, map: Map, roll: (n: number) => number): Map {
    const main = branches(b, `${name}.main`, map, roll);
    return { ...map, value: b.relu(name, b.add(`${name}.add`, main.value, map.value)) };
  }
}

test('brute force: networks that nobody drew', () => {
  let compared = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const graph = anyNetwork(seed);
    const fields = fieldsOfView(graph);
    const shapes = infer(graph);
    for (const value of fields.values.slice(1)) {
      const { h, w } = shapes.get(value)!.shape;
      for (let n = 0; n < 3; n++) {
        const [row, column] = [Math.floor(h / 2) + n - 1, Math.floor(w / 2) - 2 * n];
        const box = boxOf(fields.see(value, row, column).region)!;
        // A field that leaves the picture may have lost cells to the padding on the way.
        if (box.top < 0 || box.left < 0 || box.bottom > graph.input.h || box.right > graph.input.w) continue;
        compare(graph, fields, value, row, column);
        compared++;
      }
    }
  }
  assert.ok(compared > 2000, `${compared} cells`);
});

type Growth = (b: Builder, name: string, x: string, h: number, w: number) => Map;

function deconv(kernel: number, stride: number, pad: number, tile: { h: number; w: number } | null): Growth {
  return (b, name, x, h, w) => {
    const grown = (cells: number, most = cells): number => {
      const one = Math.min(most, cells);
      return Math.ceil(cells / one) * ((one - 1) * stride + kernel - 2 * pad);
    };
    const size = { h: grown(h, tile?.h), w: grown(w, tile?.w) };
    return { value: b.deconv(name, x, 4, { kernel, stride, pad, ...size, tile }), ...size };
  };
}

function zoom(scale: number): Growth {
  return (b, name, x, h, w) => ({ value: b.zoom(name, x, { scale, h: h * scale, w: w * scale }), h: h * scale, w: w * scale });
}

const growths: readonly [name: string, grow: Growth, period: { h: number; w: number }, stride: { h: number; w: number }][] = [
  ['zoom', zoom(3), { h: 3, w: 3 }, { h: 4 / 3, w: 4 / 3 }],
  ['deconv', deconv(16, 8, 4, null), { h: 8, w: 8 }, { h: 1 / 2, w: 1 / 2 }],
  // Two cells of 8 pixels grow to 6, and three of 12 to 8.
  ['tiles', deconv(4, 2, 0, { h: 2, w: 3 }), { h: 6, w: 8 }, { h: 4 / 3, w: 3 / 2 }],
  ['tiles of rows', deconv(4, 2, 1, { h: 3, w: 99 }), { h: 6, w: 2 }, { h: 2, w: 2 }],
];

for (const [name, grow, period, stride] of growths) {
  test(`brute force: ${name}`, () => {
    const b = builder(name, { c: 4, h: 96, w: 96 });
    const conv = (value: string, x: string): string => b.conv(value, x, { in: 4, out: 4, kernel: 3, pad: 1, groups: 4 });
    const small = b.maxpool('pool2', conv('conv2', b.maxpool('pool1', conv('conv1', b.input))));
    const large = grow(b, 'grown', small, 24, 24);
    const graph = b.graph([conv('conv3', b.softmax('prob', large.value))]);
    const fields = fieldsOfView(graph);
    assert.equal([fields.of('pool2').size, fields.of('pool2').stride.h], [{ h: 10, w: 10 }, 4]);
    assert.equal([fields.of('grown').period, fields.of('grown').stride], [period, stride]);
    for (let n = 0; n < 12; n++) {
      const [row, column] = [Math.floor(large.h / 2) - 6 + n, Math.floor(large.w / 2) - 5 + ((5 * n) % 12)];
      for (const value of ['grown', 'prob', 'conv3']) compare(graph, fields, value, row, column);
    }
  });
}

test('DilatedNet sees as far as its layers add up to', () => {
  for (const [name, pixels] of [
    ['dilation7_kitti', 652],
    ['dilation8_camvid', 908],
    ['dilation10_cityscapes', 2444],
  ] as const) {
    const fields = fieldsOfView(findNetwork(name).build({ classes: 2, h: 1396, w: 1396 }));
    const sizes = ['conv1_2', 'conv2_2', 'conv3_3', 'conv4_3', 'conv5_3', 'fc6', 'ctx_final'].map(layer => fields.of(layer).size.w);
    assert.equal([name, ...sizes], [name, 5, 14, 40, 92, 188, 380, pixels]);
    assert.equal(
      [fields.of('fc6').stride, fields.of('fc6').first],
      [
        { h: 8, w: 8 },
        { row: 0, column: 0 },
      ],
    );
  }
});

test('the bound is the last rate without holes, of a convolution and of a block', () => {
  for (const [kernel, strides] of [
    [3, [2, 2]],
    [3, [2, 1, 2]],
    [5, [2, 2, 2]],
  ] as const) {
    const net = (rate: number): Graph => {
      const b = builder('bound', { c: 2, h: 512, w: 512 });
      let x = b.input;
      strides.forEach((stride, n) => {
        x = b.conv(`conv${n}`, x, { in: 2, out: 2, kernel, stride, pad: (kernel - 1) / 2 });
      });
      const near = b.conv('block.near', b.slice('block.left', x, 0, 1), { in: 1, out: 1, kernel: 3, pad: 1 });
      const far = { in: 1, out: 1, kernel: 3, dilation: rate, pad: rate };
      const cat = b.concat('block.cat', [near, b.conv('block.far', b.slice('block.right', x, 1, 2), far)]);
      return b.graph([b.relu('block', b.add('block.add', cat, x))]);
    };
    const bound = fieldsOfView(net(1)).bound('block')!;
    for (let rate = 1; rate <= bound + 2; rate++) {
      const graph = net(rate);
      const cell = Math.floor(256 / fieldsOfView(graph).of('block').stride.h);
      for (const value of ['block.far', 'block']) {
        assert.is(reach(graph, value, cell, cell)!.bytes.includes(0), rate > bound, `${value} at rate ${rate}, bound ${bound}`);
        assert.is(firstHole(fieldsOfView(graph).see(value, cell, cell).region) !== null, rate > bound);
      }
    }
  }
});

test('means that are no gates, and warps, see the whole picture', () => {
  for (const decoder of decoders.keys()) {
    const fields = fieldsOfView(network(`exp48_${decoder}`, 256, 512));
    const whole = decoder === 'BisenetDecoder' || decoder === 'SFNetDecoder';
    assert.is(fields.of('decoder').whole, whole, decoder);
    assert.is(fields.of('body').whole, false);
  }
  const graph = network('exp48_SFNetDecoder', 256, 512);
  // Six bins of a map of 16 × 32 cells: the first takes rows 0 to 2 and columns 0 to 5, each of which sees far more than its own.
  const { region, whole } = fieldsOfView(graph).see('decoder.head16.stages.3.0', 0, 0);
  assert.equal([boxOf(region), whole], [{ top: 0, left: 0, bottom: 256, right: 512 }, false]);
});

test('what has no rule, and what is not there', () => {
  const graph = network('regseg', 64);
  assert.throws(() => fieldsOfView(fuse(graph, { barriers: true })).of('decoder'), /no rule says what .* sees: .*before any pass/);
  assert.throws(() => fieldsOfView(graph).of('body.stage99'), /no value "body\.stage99"/);
  assert.throws(() => fieldsOfView(graph).of('body.stage4.se.avg'), /no value/);
});

test.run();
