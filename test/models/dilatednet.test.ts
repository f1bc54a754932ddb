// DilatedNet as its paper and deploy files have it: shapes, parameters, multiply-adds, cards, narrow checkpoints, and the identity that training starts from.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { constantReader } from '../../src/graph/constant.ts';
import { largest } from '../../src/graph/decision.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { infer, macs } from '../../src/graph/ops.ts';
import { printGraph } from '../../src/graph/print.ts';
import { select } from '../../src/graph/select.ts';
import { defaultCard } from '../../src/models/cards.ts';
import { completed, contextModule, dilatedNets, endGraph, narrowed } from '../../src/models/dilatednet.ts';
import { identityInit } from '../../src/models/identity.ts';
import { camvid, cityscapes, voc } from '../../src/models/palettes.ts';
import { anySize, expectedTensors, findNetwork, parameters } from '../../src/models/registry.ts';
import { checkWeights } from '../../src/recognise.ts';
import { deconv } from '../../src/reference/deconv.ts';
import { field } from '../../src/reference/field.ts';
import { run } from '../../src/reference/run.ts';
import { upsample } from '../../src/reference/upsample.ts';
import { parseCard } from '../../src/weights/card.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { fromFloat32, type Tensor, toFloat32, toFloat64 } from '../../src/weights/tensor.ts';
import { sat } from '../record.ts';

const known = [...dilatedNets.keys()].map(findNetwork);

function deployed(name: string): Graph {
  const network = findNetwork(name);
  return network.build({ classes: network.publishedClasses, ...anySize(network) });
}

function cost(graph: Graph, wanted = (_name: string): boolean => true): number {
  const values = infer(graph);
  return graph.nodes.filter(({ name }) => wanted(name)).reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
}

/** Heights, then widths, of the layers before each pool, and of fc6; grid and output. */
const sizes: [string, string, string, string][] = [
  [
    'dilation8_pascal_voc',
    '900-898-896|448-446-444|222-220-218-216|108-106-104-102-98-94-90-66',
    '900-898-896|448-446-444|222-220-218-216|108-106-104-102-98-94-90-66',
    '21×66×66',
  ],
  [
    'dilation8_camvid',
    '900-898-896|448-446-444|222-220-218-216|108-106-104-102-98-94-90-66',
    '1100-1098-1096|548-546-544|272-270-268-266|133-131-129-127-123-119-115-91',
    '11×66×91',
  ],
  [
    'dilation7_kitti',
    '852-850-848|424-422-420|210-208-206-204|102-100-98-96-92-88-84-60',
    '1640-1638-1636|818-816-814|407-405-403-401|201-199-197-195-191-187-183-159',
    '11×60×159',
  ],
  [
    'dilation10_cityscapes',
    '1396-1394-1392|696-694-692|346-344-342-340|170-168-166-164-160-156-152-128',
    '1396-1394-1392|696-694-692|346-344-342-340|170-168-166-164-160-156-152-128',
    '19×1024×1024',
  ],
];

for (const [name, heights, widths, output] of sizes) {
  test(`${name}: the deploy network's sizes`, () => {
    const graph = deployed(name);
    const values = infer(graph);
    const rows = [
      'input',
      'conv1_1',
      'conv1_2',
      '|',
      'pool1',
      'conv2_1',
      'conv2_2',
      '|',
      'pool2',
      'conv3_1',
      'conv3_2',
      'conv3_3',
      '|',
    ];
    rows.push('pool3', 'conv4_1', 'conv4_2', 'conv4_3', 'conv5_1', 'conv5_2', 'conv5_3', 'fc6');
    const along = (axis: 'h' | 'w'): string =>
      rows
        .map(value => (value === '|' ? '|' : String(values.get(value)!.shape[axis])))
        .join('-')
        .replaceAll('-|-', '|');
    assert.equal([along('h'), along('w')], [heights, widths]);
    const show = (value: string): string => Object.values(values.get(value)!.shape).join('×');
    assert.is(show('prob'), output);
    assert.equal(values.get('classes'), { shape: { ...values.get('prob')!.shape, c: 1 }, kind: 'class' });
    assert.equal(graph.outputs, ['classes']);
    const { grid, tile, publishedClasses } = findNetwork(name);
    const [{ h, w }, fc7] = [values.get(grid!.value)!.shape, values.get('fc7')!.shape];
    assert.equal([h, w], [fc7.h, fc7.w], 'the context keeps the size');
    assert.equal(infer(select(graph, [grid!.value])).get(grid!.value)!.shape, { c: publishedClasses, h, w });
    assert.equal([h, w], [Math.ceil((tile!.height - 372) / 8), Math.ceil((tile!.width - 372) / 8)]);
  });
}

test('the large module: its padding stands before it', () => {
  const values = infer(deployed('dilation8_pascal_voc'));
  const layers = ['1_1', '1_2', '2_1', '3_1', '4_1', '5_1'].map(name => `ct_conv${name}`);
  const shapes = [...layers, 'ct_fc1', 'ct_final'].map(name => values.get(name)!.shape);
  assert.equal(
    shapes.map(({ h }) => h),
    [130, 128, 124, 116, 100, 68, 66, 66],
  );
  assert.equal(
    shapes.map(({ c }) => c),
    [42, 42, 84, 168, 336, 672, 672, 21],
  );
});

test('a network, a line a layer', () => {
  const lines = printGraph(deployed('dilation10_cityscapes')).replace(/ +/g, ' ').split('\n');
  for (const line of [
    '64×1394×1394 conv1_1.conv = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 {weight conv1_1.weight; bias conv1_1.bias}',
    '64×1394×1394 conv1_1 = relu(conv1_1.conv)',
    '64×696×696 pool1 = maxpool(conv1_2)',
    '512×160×160 conv5_1.conv = conv(conv4_3) kernel=3 strides=1 dilations=2 pads=0 groups=1 {weight conv5_1.weight; bias conv5_1.bias}',
    '4096×128×128 fc6.conv = conv(conv5_3) kernel=7 strides=1 dilations=4 pads=0 groups=1 {weight fc6.weight; bias fc6.bias}',
    '4096×128×128 fc7.conv = conv(fc6) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight fc7.weight; bias fc7.bias}',
    '19×128×128 final = conv(fc7) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight final.weight; bias final.bias}',
    '19×128×128 ctx_conv7_1.conv = conv(ctx_conv6_1) kernel=3 strides=1 dilations=64 pads=64 groups=1 {weight ctx_conv7_1.weight; bias ctx_conv7_1.bias}',
    '19×128×128 ctx_final = conv(ctx_fc1) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight ctx_final.weight; bias ctx_final.bias}',
    '19×1024×1024 prob = softmax(ctx_upsample)',
    '1×1024×1024 classes = argmax(prob)',
  ])
    assert.ok(lines.includes(line), line);
  const upsampled = deployed('dilation10_cityscapes').nodes.find(({ op }) => op === 'deconv')!;
  assert.equal(upsampled.attributes, { kernel: 16, stride: 8, pad: 4, h: 1024, w: 1024, tile: null, classes: false, ...largest });
});

/** Parameters of the whole and of the front end alone, billions of multiply-adds of a tile with one decimal. */
const published: [string, string, number, number, string][] = [
  ['dilation8_pascal_voc', 'frontend_pascal_voc', 141149720, 134346581, '826.4'],
  ['dilation8_camvid', 'frontend_camvid', 134313443, 134305611, '1053.4'],
  ['dilation7_kitti', 'frontend_kitti', 134312343, 134305611, '1622.0'],
  ['dilation10_cityscapes', 'frontend_cityscapes', 134373043, 134338387, '2647.3'],
];

for (const [whole, front, all, ofFront, billions] of published) {
  test(`${whole}: ${all} parameters, ${billions} G a tile`, () => {
    const graph = deployed(whole);
    assert.equal([parameters(graph), parameters(deployed(front))], [all, ofFront]);
    assert.is((cost(graph, name => name !== 'ctx_upsample') / 1e9).toFixed(1), billions);
    assert.is((cost(graph, name => name === 'ctx_upsample') / 1e9).toFixed(2), whole === 'dilation10_cityscapes' ? '0.08' : '0.00');
  });
}

test('where the multiply-adds of a VOC tile are', () => {
  const graph = deployed('dilation8_pascal_voc');
  const part = (start: string): string => (cost(graph, name => name.startsWith(start)) / 1e9).toFixed(2);
  const parts = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'fc6', 'fc7', 'fc-final']
    .map(part)
    .map(text => Number(text).toFixed(1));
  assert.equal(parts, ['31.0', '43.7', '69.8', '63.3', '62.6', '447.6', '73.1', '0.4']);
  const context = ['conv1_1', 'conv1_2', 'conv2', 'conv3', 'conv4', 'conv5', 'fc1', 'final'].map(name => part(`ct_${name}`));
  assert.equal(context, ['0.13', '0.26', '0.49', '1.71', '5.08', '9.40', '17.70', '0.06']);
});

test('names and shapes of a caffemodel', () => {
  const shapes = (name: string) => expectedTensors(deployed(name));
  const pascal = shapes('dilation8_pascal_voc');
  assert.equal(pascal.get('fc6.weight'), [4096, 512, 7, 7]);
  assert.equal(pascal.get('fc-final.weight'), [21, 4096, 1, 1]);
  assert.equal(pascal.get('ct_conv1_1.weight'), [42, 21, 3, 3]);
  assert.equal(pascal.get('ct_fc1.bias'), [672]);
  assert.equal(pascal.get('ct_final.weight'), [21, 672, 1, 1]);
  const streets = shapes('dilation10_cityscapes');
  assert.equal(streets.get('ctx_upsample.weight'), [19, 1, 16, 16]);
  assert.is(streets.has('ctx_upsample.bias'), false);
  assert.equal([pascal.size, streets.size], [48, 2 * 26 + 1]);
  assert.is(shapes('dilation7_kitti').has('ctx_conv5_1.weight'), false);
  assert.equal([...shapes('frontend_camvid')], [...shapes('frontend_kitti')]);
});

test('the least picture leaves one cell, a smaller one is refused with both sizes', () => {
  for (const network of known) {
    const { grid, publishedClasses: classes } = network;
    const { c, h, w } = infer(network.build({ classes, h: 373, w: 374 })).get(grid!.value)!.shape;
    assert.equal([c, h, w], [classes, 1, 1], network.name);
    const small = { classes, h: 373, w: 372 };
    assert.throws(
      () => network.build(small),
      /reads at least 373×373 pixels, its margin of 186 on every side included: 373×372 is/,
    );
  }
});

test('any size above it, odd ones too', () => {
  const network = findNetwork('dilation8_camvid');
  for (const [h, w] of [
    [412, 428],
    [381, 1001],
    [640, 373],
  ]) {
    const { shape } = infer(network.build({ classes: 11, h, w })).get('prob')!;
    assert.equal(shape, { c: 11, h: Math.ceil((h - 372) / 8), w: Math.ceil((w - 372) / 8) });
  }
});

test('the end of a prediction: a zoom of probabilities, or the transposed convolution, tile by tile', () => {
  const size = { c: 11, h: 132, w: 182, to: { h: 720, w: 960 }, tile: { h: 66, w: 91 } };
  const zoomed = endGraph(findNetwork('dilation8_camvid'), size);
  assert.equal(
    zoomed.nodes.map(({ op, name }) => `${name} = ${op}`),
    ['prob = softmax', 'zoom = zoom', 'classes = argmax'],
  );
  assert.equal(infer(zoomed).get('classes')!.shape, { c: 1, h: 720, w: 960 });
  assert.equal(zoomed.nodes[1].attributes, { scale: 8, h: 720, w: 960, classes: false, ...largest });
  const streets = { c: 19, h: 128, w: 256, to: { h: 1000, w: 2048 }, tile: { h: 128, w: 128 } };
  const grown = endGraph(findNetwork('dilation10_cityscapes'), streets);
  assert.equal(
    grown.nodes.map(({ op, name }) => `${name} = ${op}`),
    ['ctx_upsample = deconv', 'prob = softmax', 'classes = argmax'],
  );
  assert.equal(infer(grown).get('classes')!.shape, { c: 1, h: 1000, w: 2048 });
  assert.equal(expectedTensors(grown), new Map([['ctx_upsample.weight', [19, 1, 16, 16]]]));
  const beyond = { ...streets, to: { h: 1025, w: 2048 } };
  assert.throws(
    () => endGraph(findNetwork('dilation10_cityscapes'), beyond),
    /the result is 1025×2048, .* grows to 1024×2048 at most/,
  );
  assert.is(endGraph(findNetwork('frontend_cityscapes'), beyond).nodes[1].op, 'zoom');
  assert.throws(() => endGraph(findNetwork('regseg'), size), /exp48_decoder26 takes pictures whole/);
});

test('the whole network ends as its grid does', () => {
  const [network, widths] = [findNetwork('dilation10_cityscapes'), narrowed(dilatedNets.get('dilation10_cityscapes')!, 64)];
  const graph = network.build({ classes: 3, h: 381, w: 389, widths });
  const tensors = seeded(graph);
  const read = constantReader(tensors, toFloat64);
  const input = field(graph.input, Float64Array.from(uniform('input', 3 * 381 * 389)));
  const values = run(graph, input, read, { taps: ['ctx_final', 'prob'] });
  const grid = values.get('ctx_final')!;
  const to = { h: 8 * grid.h, w: 8 * grid.w };
  const end = run(endGraph(network, { c: 3, h: grid.h, w: grid.w, to, tile: null }), grid, read, { taps: ['prob'] });
  sat('reference', 'a network cut at its grid');
  assert.equal([grid.h, grid.w], [2, 3]);
  assert.equal(end.get('prob'), values.get('prob'));
  assert.equal(end.get('classes'), values.get('classes'));
});

function seeded(graph: Graph): Map<string, Tensor> {
  return new Map([...expectedTensors(graph)].map(([name, shape]) => [name, seededTensor(name, shape)]));
}

/** Weights of a sixty-fourth of the hidden channels. */
function narrow(name: string, classes = findNetwork(name).publishedClasses): Map<string, Tensor> {
  const network = findNetwork(name);
  return seeded(network.build({ classes, ...anySize(network), widths: narrowed(dilatedNets.get(name)!, 64) }));
}

function without<V>(map: ReadonlyMap<string, V>, ...names: string[]): Map<string, V> {
  return new Map([...map].filter(([name]) => !names.includes(name)));
}

test('narrow weights run by their own widths', () => {
  for (const { name } of known) {
    const { network, card, assumed } = checkWeights(narrow(name), 'narrow', null, name);
    const size = anySize(network);
    const values = infer(network.build({ classes: card.classes.length, ...size }));
    assert.equal([values.get('conv1_1')!.shape.c, values.get('fc6')!.shape.c], [1, 64], name);
    assert.equal([network.name, assumed], [name, null]);
    const wide = infer(findNetwork(name).build({ classes: card.classes.length, ...size }));
    assert.equal([wide.get('conv1_1')!.shape.c, wide.get('fc6')!.shape.c], [64, 4096], 'the published ones stay');
  }
});

test('layers that disagree are named with both numbers', () => {
  const tensors = narrow('dilation8_camvid');
  tensors.set('conv3_2.weight', seededTensor('conv3_2.weight', [4, 5, 3, 3]));
  assert.throws(
    () => checkWeights(tensors, 'x.caffemodel', null, 'dilation8_camvid'),
    /x\.caffemodel: .*of another shape \("conv3_2\.weight" is \[4, 5, 3, 3\], expected \[4, 4, 3, 3\]\)/,
  );
  tensors.set('conv3_2.weight', seededTensor('conv3_2.weight', [5, 4, 3, 3]));
  assert.throws(
    () => checkWeights(tensors, 'x', null, 'dilation8_camvid'),
    /2 of another shape \("conv3_2\.bias" is \[4\], expected \[5\], "conv3_3\.weight" is \[4, 4, 3, 3\], expected \[4, 5, 3, 3\]/,
  );
  const flat = narrow('dilation8_camvid');
  flat.set('fc6.weight', seededTensor('fc6.weight', [64, 8 * 49]));
  assert.throws(
    () => checkWeights(flat, 'x', null, 'dilation8_camvid'),
    /"fc6\.weight" is \[64, 392\], expected \[4096, 8, 7, 7\]/,
  );
  const lacking = without(narrow('dilation8_camvid'), 'fc7.bias');
  assert.throws(() => checkWeights(lacking, 'x', null, 'dilation8_camvid'), /1 missing \("fc7\.bias"\)/);
});

test('weights tell their network', () => {
  for (const [name] of published) {
    const { network, assumed } = checkWeights(narrow(name), name, null, null);
    assert.is(network.canonical, name);
    if (assumed) assert.unreachable(assumed);
  }
  assert.is(checkWeights(narrow('frontend_pascal_voc', 5), 'x', null, null).network.canonical, 'frontend_pascal_voc');
  const streets = checkWeights(narrow('frontend_cityscapes'), 'x', null, null);
  assert.is(streets.network.canonical, 'frontend_cityscapes');
  assert.match(streets.assumed!, /x fits .*frontend_camvid.*: taken for frontend_cityscapes; --model or MODEL says otherwise/);
  assert.throws(
    () => checkWeights(narrow('frontend_kitti'), 'x', null, null),
    /x: frontend_camvid, frontend_kitti all have these tensors; name it by --model or MODEL/,
  );
  assert.throws(
    () => checkWeights(narrow('frontend_kitti', 4), 'x', null, null),
    /frontend_cityscapes, frontend_camvid, frontend_kitti all/,
  );
  assert.is(checkWeights(narrow('frontend_kitti'), 'x', null, 'frontend_kitti').network.canonical, 'frontend_kitti');
  assert.throws(() => checkWeights(narrow('dilation8_camvid'), 'x', null, 'dilation7_kitti'), /2 unknown \("ctx_conv5_1\.weight"/);
  const other = defaultCard('dilation7_kitti', 11);
  assert.throws(
    () => checkWeights(narrow('frontend_kitti'), 'x', other, 'frontend_kitti'),
    /its card says dilation7_kitti, and frontend_kitti is asked for/,
  );
  const many = narrow('dilation8_camvid', 2);
  many.set('ctx_final.weight', seededTensor('ctx_final.weight', [300, 2, 1, 1]));
  assert.throws(() => checkWeights(many, 'x', null, 'dilation8_camvid'), /300 classes, a class map holds at most 256/);
});

test('a file without the frozen weights of the transposed convolution gets them', () => {
  const key = 'ctx_upsample.weight';
  const whole = narrow('dilation10_cityscapes');
  const partial = without(whole, key);
  for (const model of ['dilation10_cityscapes', null]) {
    const { network, tensors } = checkWeights(partial, 'x', null, model);
    assert.is(network.canonical, 'dilation10_cityscapes');
    assert.is(tensors.size, whole.size);
    const { shape } = tensors.get(key)!;
    assert.equal(shape, [19, 1, 16, 16]);
    const values = toFloat32(tensors.get(key)!);
    const taps = [1, 3, 5, 7, 9, 11, 13, 15, 15, 13, 11, 9, 7, 5, 3, 1].map(tap => tap / 16);
    for (let n = 0; n < values.length; n++) assert.is(values[n], taps[Math.floor(n / 16) % 16] * taps[n % 16]);
  }
  assert.not.ok(partial.has(key), 'what was passed in is left alone');
  assert.is(checkWeights(whole, 'x', null, null).tensors.get(key), whole.get(key), 'what a file has is what counts');
  const net = dilatedNets.get('dilation8_camvid')!;
  assert.is(completed(net, partial), partial);
});

test('those weights are a bilinear resize away from the border', () => {
  const tensors = completed(
    dilatedNets.get('dilation10_cityscapes')!,
    new Map([['ctx_final.weight', seededTensor('x', [2, 2, 1, 1])]]),
  );
  const weight = Float64Array.from(toFloat32(tensors.get('ctx_upsample.weight')!));
  const x = field({ c: 2, h: 5, w: 4 }, Float64Array.from(uniform('cells', 40)));
  const size = { h: 40, w: 32 };
  const [got, wanted] = [deconv(x, weight, { kernel: 16, stride: 8, pad: 4, ...size, tile: null }), upsample(x, size)];
  for (let c = 0; c < 2; c++) {
    for (let v = 4; v < 36; v++) {
      for (let u = 4; u < 28; u++) {
        const at = (c * 40 + v) * 32 + u;
        assert.ok(Math.abs(got.data[at] - wanted.data[at]) < 1e-12, `${v}, ${u}`);
      }
    }
  }
  assert.ok(Math.abs(got.data[16] - (wanted.data[16] * 9) / 16) < 1e-12, 'the first row has lost its neighbour');
});

test('cards: the name of a DilatedNet says all', () => {
  const labels: [string, readonly string[], string, number, number][] = [
    ['pascal_voc', voc.labels, '116.52,111.36,102.93', 900, 900],
    ['cityscapes', cityscapes.labels, '73.16,82.91,72.39', 1396, 1396],
    ['camvid', camvid.labels, '105.412,108.778,110.703', 900, 1100],
    ['kitti', camvid.labels, '91.3469,95.5514,96.1943', 852, 1640],
  ];
  for (const network of known) {
    const [, names, mean, height, width] = labels.find(([data]) => network.name.endsWith(data))!;
    const card = defaultCard(network.name, names.length);
    assert.equal([card.model, card.classes], [network.name, names]);
    const { preprocessing } = card;
    assert.is(preprocessing.mean.map(value => Number((value * 255).toPrecision(6))).join(), mean);
    assert.equal(
      preprocessing.std.map(value => value * 255),
      [1, 1, 1],
    );
    assert.equal([preprocessing.channels, preprocessing.max_area], ['bgr', null]);
    assert.equal(preprocessing.tile, { height, width, margin: 186 });
    assert.equal(network.tile, preprocessing.tile);
    assert.is(card.palette.length, names.length);
    assert.equal(parseCard(JSON.stringify(card), 'x'), card);
    assert.equal(defaultCard(network.name, 3).classes, ['0', '1', '2']);
    assert.equal(defaultCard(network.name, 3).preprocessing, preprocessing);
  }
  assert.equal(defaultCard('dilation8_camvid', 19).classes[0], '0', 'nineteen classes of CamVid are not Cityscapes’');
  assert.equal(defaultCard('exp48_decoder26', 19).classes[0], 'road');
});

test('class sets', () => {
  assert.equal([voc.labels.length, voc.labels[0], voc.labels[12], voc.labels[20]], [21, 'background', 'dog', 'tvmonitor']);
  assert.equal(
    [voc.palette[1], voc.palette[20]],
    [
      [128, 0, 0],
      [0, 64, 128],
    ],
  );
  assert.equal(
    [camvid.labels.length, camvid.labels[0], camvid.labels[8], camvid.labels[10]],
    [11, 'Building', 'Column_Pole', 'Bicyclist'],
  );
  assert.equal(
    [camvid.palette[0], camvid.palette[10]],
    [
      [128, 0, 0],
      [0, 128, 192],
    ],
  );
});

test('cards: channels and tile are checked', () => {
  const card = defaultCard('dilation8_camvid', 11);
  const parse = (changed: object) =>
    parseCard(JSON.stringify({ ...card, preprocessing: { ...card.preprocessing, ...changed } }), 'x');
  assert.is(parse({ tile: null }).preprocessing.tile, null);
  assert.is(parse({ channels: 'rgb', tile: undefined }).preprocessing.tile, undefined);
  for (const channels of ['BGR', null, 3])
    assert.throws(() => parse({ channels }), /card x: "preprocessing\.channels" must be "rgb" or "bgr"/);
  const tile = card.preprocessing.tile!;
  for (const changed of [{ height: 372 }, { width: 1.5 }, { margin: -1 }, { margin: 'x' }, { height: undefined }])
    assert.throws(() => parse({ tile: { ...tile, ...changed } }), /card x: "preprocessing\.tile" must be null or hold/);
  for (const changed of [7, 'x', []]) assert.throws(() => parse({ tile: changed }), /"preprocessing\.tile" must be null/);
});

const unknown: [string, RegExp][] = [
  ['dilation8_cityscapes', /^model "dilation8_cityscapes" is not known: DilatedNet is dilation8_pascal_voc, .*frontend_kitti$/],
  ['dilatednet', /DilatedNet is .*dilation8_camvid/],
  ['frontend_voc', /DilatedNet is .*frontend_pascal_voc/],
  ['unet', /is not known: there are regseg-camvid, .*dilation8_pascal_voc and others, and <body>_<decoder>/],
];

for (const [name, message] of unknown) {
  test(`unknown model "${name}"`, () => {
    assert.throws(
      () => findNetwork(name),
      (error: { code: string; message: string }) => error.code === 'BAD_USAGE' && message.test(error.message),
    );
  });
}

/** Both modules, the shortest and the longest, with few classes: a large module has thirty-two times as many channels. */
const modules: [string, number][] = [
  ['dilation7_kitti', 11],
  ['dilation8_camvid', 3],
  ['dilation10_cityscapes', 2],
  ['dilation8_pascal_voc', 2],
];

for (const [name, classes] of modules) {
  test(`${name}: a fresh context module is ReLU`, () => {
    const { context } = dilatedNets.get(name)!;
    const size = { classes, h: 5, w: 7 };
    const graph = contextModule(context!, size);
    const tensors = identityInit(name, { classes });
    assert.equal(
      [...tensors].map(([key, { shape }]) => [key, shape]),
      [...expectedTensors(graph)],
    );
    const x = field(
      { c: classes, h: 5, w: 7 },
      Float64Array.from(uniform('features', classes * 35), u => 40 * (u - 0.5)),
    );
    const [output] = graph.outputs;
    const y = run(graph, x, constantReader(tensors, toFloat64)).get(output)!;
    sat('reference', 'ReLU, from the identity');
    assert.equal([y.c, y.h, y.w], [classes, 5, 7]);
    assert.equal(
      y.data,
      x.data.map(value => Math.max(value, 0)),
    );
  });
}

test('identity: the layers of a network, and its classes', () => {
  for (const [name, whole] of dilatedNets) {
    if (!whole.context) continue;
    const wanted = [...expectedTensors(deployed(name))].filter(([key]) => /^ctx?_(conv|fc1|final)/.test(key));
    const tensors = identityInit(name);
    assert.equal(
      [...tensors].map(([key, { shape }]) => [key, shape]),
      wanted,
      name,
    );
  }
  const tensors = identityInit('dilation8_pascal_voc', { classes: 2 });
  // 32 channels of 64 copy the first class; the next layer, as wide, takes the mean of them.
  const weight = toFloat32(tensors.get('ct_fc1.weight')!);
  const centre = (o: number, i: number): number => weight[(o * 64 + i) * 9 + 4];
  assert.equal([centre(0, 0), centre(31, 31), centre(31, 32), centre(32, 32)], [1 / 32, 1 / 32, 0, 1 / 32]);
  assert.is(
    weight.reduce((sum, value) => sum + Number(value !== 0), 0),
    2 * 32 * 32,
  );
});

test('identity: noise is Gaussian, seeded, smaller in wider layers, and spares what copies', () => {
  const noisy = (seed: string) => identityInit('dilation8_pascal_voc', { classes: 3, noise: { std: 0.01, seed } });
  const [first, again, other] = [noisy('one'), noisy('one'), noisy('two')].map(tensors =>
    toFloat32(tensors.get('ct_conv2_1.weight')!),
  );
  assert.equal(first, again);
  assert.is.not(first[0], other[0]);
  const clean = toFloat32(identityInit('dilation8_pascal_voc', { classes: 3 }).get('ct_conv2_1.weight')!);
  const noise = first.filter((_, n) => clean[n] === 0);
  assert.equal(
    first.filter((_, n) => clean[n] !== 0),
    clean.filter(value => value !== 0),
  );
  assert.equal([...new Set(clean)], [0, 0.25]);
  const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
  const moment = (power: number): number => noise.reduce((sum, value) => sum + (value - mean) ** power, 0) / noise.length;
  const std = Math.sqrt(moment(2));
  // Of some six hundred values: three standard errors, and a normal distribution's kurtosis of 3.
  assert.ok(Math.abs(mean) < (3 * 0.0025) / Math.sqrt(noise.length), `mean ${mean}`);
  assert.ok(Math.abs(std - 0.0025) < (3 * 0.0025) / Math.sqrt(2 * noise.length), `std ${std}`);
  assert.ok(Math.abs(moment(4) / std ** 4 - 3) < 3 * Math.sqrt(24 / noise.length), `kurtosis ${moment(4) / std ** 4}`);
  for (const [key, tensor] of noisy('one'))
    if (key.endsWith('.bias'))
      assert.ok(
        toFloat32(tensor).every(value => value === 0),
        key,
      );
});

test('identity: what is refused', () => {
  const usage = (message: RegExp) => (error: { code: string; message: string }) =>
    error.code === 'BAD_USAGE' && message.test(error.message);
  for (const name of ['frontend_camvid', 'regseg', ''])
    assert.throws(() => identityInit(name), usage(/has no context module: choose dilation8_pascal_voc, .*dilation7_kitti$/));
  for (const classes of [0, 1.5, 257, Number.NaN])
    assert.throws(() => identityInit('dilation8_camvid', { classes }), usage(/^classes is .* whole number from 1 to 256$/));
  for (const std of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => identityInit('dilation8_camvid', { noise: { std, seed: 'x' } }), usage(/^noise\.std is /));
});

test('a tensor of nothing is no width', () => {
  const tensors = narrow('dilation8_camvid');
  tensors.set('conv1_1.weight', fromFloat32([0, 3, 3, 3], new Float32Array(0)));
  assert.throws(
    () => checkWeights(tensors, 'x', null, 'dilation8_camvid'),
    /"conv1_1\.weight" is \[0, 3, 3, 3\], expected \[64, 3, 3, 3\]/,
  );
});

test.run();
