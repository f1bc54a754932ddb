// A small network that has some of every new kind of step, by the commands as people call them: `run` on the CPU and on the device, `inspect`.
import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readBytes } from '../../src/node/files.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { fromFloat32, toFloat32 } from '../../src/weights/tensor.ts';
import { at, cli, save } from '../cli/harness.ts';
import { deviceJudge } from '../judges.ts';
import { int, ints, message, text } from '../weights/protobuf.ts';
import { type FileSpec, longs, onnx, seeded } from './writer.ts';

/** Its first weights lie in a file beside it. */
const outside = [
  ...ints(1, [6, 3, 3, 3], false),
  int(2, 1),
  text(8, 'w1'),
  int(14, 1),
  message(13, text(1, 'location'), text(2, 'tiny.bin')),
];

const spec: FileSpec = {
  opset: 13,
  inputs: { image: [1, 3, 'h', 'w'], gain: [1, 1, 'h2', 'w2'] },
  outputs: ['scores', 'classes'],
  nodes: [
    { op: 'Conv', inputs: ['image', 'w1'], outputs: ['c1'], attributes: { pads: [0, 0, 1, 1], strides: [2, 2] } },
    { op: 'HardSwish', inputs: ['c1'], outputs: ['a1'] },
    { op: 'Conv', inputs: ['a1', 'w2'], outputs: ['c2'], attributes: { pads: [1, 1, 1, 1], group: 6 } },
    { op: 'Relu', inputs: ['c2'], outputs: ['a2'] },
    { op: 'MaxPool', inputs: ['a2'], outputs: ['p'], attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
    { op: 'Shape', inputs: ['a2'], outputs: ['s'] },
    { op: 'Slice', inputs: ['s', 'two', 'four'], outputs: ['hw'] },
    { op: 'Concat', inputs: ['nc', 'hw'], outputs: ['size'], attributes: { axis: 0 } },
    { op: 'Resize', inputs: ['p', '', '', 'size'], outputs: ['u'], attributes: { mode: 'cubic' } },
    { op: 'ReduceMax', inputs: ['u'], outputs: ['m'], attributes: { axes: [1] } },
    { op: 'Mul', inputs: ['m', 'gain'], outputs: ['g'] },
    { op: 'Concat', inputs: ['a2', 'g', 'u'], outputs: ['all'], attributes: { axis: 1 } },
    { op: 'ConvTranspose', inputs: ['all', 'w3'], outputs: ['scores'], attributes: { strides: [2, 2] } },
    { op: 'ArgMax', inputs: ['scores'], outputs: ['classes'], attributes: { axis: 1, keepdims: 0 } },
  ],
  initializers: {
    w1: outside,
    w2: seeded('w2', 6, 1, 3, 3),
    w3: seeded('w3', 13, 5, 2, 2),
    two: longs('two', [2]),
    four: longs('four', [4]),
    nc: longs('nc', [1, 6]),
  },
};

const model = save('tiny.onnx', onnx(spec));
writeFileSync(at('tiny.bin'), new Uint8Array(Float32Array.from(seeded('w1', 6, 3, 3, 3).values).buffer));
const input = save(
  'in.safetensors',
  writeSafetensors(
    new Map([
      ['image', fromFloat32([1, 3, 12, 16], Float32Array.from(uniform('image', 3 * 12 * 16)))],
      ['gain', fromFloat32([1, 1, 6, 8], Float32Array.from(uniform('gain', 48)))],
    ]),
  ),
);

async function made(...options: string[]) {
  const target = at('out.safetensors');
  const { code, err } = await cli('run', model, '--input', input, '--output', target, ...options);
  assert.is(code, 0, err);
  return readSafetensors(await readBytes(target), target);
}

test('the CPU backend: all outputs in ONNX’s own dimensions, classes as int64', async () => {
  const { tensors } = await made('--backend', 'cpu');
  const shapes = [...tensors].map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape.join('×')}`);
  assert.equal(shapes.sort(), ['classes I64 1×12×16', 'scores F32 1×5×12×16']);
});

test('an output and a tap by name', async () => {
  const { tensors } = await made('--backend', 'cpu', '--output-name', 'scores', '--taps', 'a2');
  assert.equal([...tensors.keys()].sort(), ['a2', 'scores']);
});

if (await deviceJudge()) {
  for (const [precision, allowed] of [
    ['f32', 1e-5],
    ['half', 1e-2],
  ] as const) {
    test(`the device, ${precision}`, async () => {
      const [truth, { tensors, metadata }] = [await made('--backend', 'cpu'), await made('--precision', precision)];
      const [expected, got] = [truth.tensors, tensors].map(all => toFloat32(all.get('scores')!));
      const scale = Math.max(...expected.map(Math.abs));
      assert.ok(scale > 0.1);
      for (const [n, value] of got.entries())
        assert.ok(Math.abs(value - expected[n]) <= allowed * scale, `${value}, not ${expected[n]}`);
      const [classes, right] = [tensors, truth.tensors].map(all => toFloat32(all.get('classes')!));
      const wrong = classes.filter((value, n) => value !== right[n]).length;
      assert.ok(wrong <= (precision === 'f32' ? 0 : 4), `${wrong} classes differ`);
      assert.is(metadata.get('backend'), 'webgpu');
    });
  }
}

test('a plan by ONNX’s names', async () => {
  const small = save(
    'plain.onnx',
    onnx({
      ...spec,
      inputs: { image: [1, 3, 'h', 'w'] },
      outputs: ['p'],
      nodes: spec.nodes.slice(0, 5),
      initializers: { w1: seeded('w1', 6, 3, 3, 3), w2: seeded('w2', 6, 1, 3, 3) },
    }),
  );
  const { code, out, err } = await cli('inspect', small, '--size', '12x16', '--graph', '--plan', '--passes');
  assert.is(code, 0, err);
  assert.match(out, /6×6×8 {2}a1 = hard-swish\(c1\)/);
  assert.match(out, /fuse-relu/);
  assert.match(out, /depthwise/);
});

test('what can not be made: every node a line, one error, nothing written', async () => {
  const nodes = [
    { op: 'NonZero', inputs: ['image'], outputs: ['a'], name: 'one' },
    { op: 'Loop', inputs: ['a'], outputs: ['p'], name: 'two' },
  ];
  const bad = save('bad.onnx', onnx({ inputs: { image: [1, 3, 'h', 'w'] }, outputs: ['p'], nodes }));
  const { code, err } = await cli('run', bad, '--input', input, '--output', at('none.safetensors'));
  assert.is(code, 1);
  assert.match(err, /^NonZero "one": there is no kernel for it\nLoop "two": there is no kernel for it\n.*2 nodes can't be made/s);
});

const wrong: [title: string, words: string[], code: number, message: RegExp][] = [
  [
    'weights for a file that has its own',
    ['run', model, '--weights', 'x', '--input', input, '--output', 'y'],
    2,
    /--weights is not for ONNX files/,
  ],
  ['an output that is not there', ['run', model, '--output-name', 'q', '--input', input, '--output', 'y'], 2, /makes no value "q"/],
  [
    'an ONNX option for a network by name',
    ['run', 'regseg', '--output-name', 'q', '--input', input, '--output', 'y'],
    2,
    /--output-name is for ONNX files/,
  ],
  ['no such file', ['run', at('gone.onnx'), '--input', input, '--output', 'y'], 1, /gone.onnx can't be read/],
  ['a web page in its place', ['inspect', save('page.onnx', '<html></html>')], 1, /page.onnx/],
];
for (const [title, words, code, message] of wrong) {
  test(`refused: ${title}`, async () => {
    const got = await cli(...words);
    assert.is(got.code, code, got.err);
    assert.match(got.err, message);
  });
}

test.run();
