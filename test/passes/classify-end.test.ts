// What brings scores to pixels and the argmax become one step that never stores them at full size; a softmax right before an argmax is no work at all.
import { test } from 'uvu';
import { type Builder, builder } from '../../src/graph/build.ts';
import { classifyEnd } from '../../src/passes/classify-end.ts';
import { becomes, stays } from './check.ts';

function end(outputs: readonly string[] = []) {
  const b = builder('end', { c: 3, h: 2, w: 3 });
  return b.graph([b.argmax('classes', b.resize('logits', b.input, { h: 5, w: 7 })), ...outputs]);
}

test('resize and argmax', () => {
  becomes(
    classifyEnd,
    end(),
    `3×5×7  logits = resize(input) h=5 w=7
     1×5×7  classes = argmax(logits)`,
    '1×5×7  classes = classify(input) h=5 w=7',
  );
});

test('tapped logits stay', () => stays(classifyEnd, end(['logits'])));

test('an argmax of something else stays', () => {
  const b = builder('plain', { c: 3, h: 2, w: 3 });
  stays(classifyEnd, b.graph([b.argmax('classes', b.relu('relu', b.input))]));
});

/** An argmax behind whatever is drawn on scores of 5×2×3 cells. */
function drawn(write: (b: Builder) => string, outputs: readonly string[] = []) {
  const b = builder('end', { c: 5, h: 2, w: 3 });
  return b.graph([b.argmax('classes', write(b)), ...outputs]);
}

const pixels = { h: 13, w: 20 };
const grow = { kernel: 16, stride: 8, pad: 4, ...pixels, tile: null } as const;
const zoomed = (b: Builder, x: string): string => b.zoom('zoom', x, { scale: 8, ...pixels });
const grown = (b: Builder, x: string): string => b.deconv('deconv', x, 5, grow);

test('a softmax before the argmax changes no order', () => {
  becomes(
    classifyEnd,
    drawn(b => b.softmax('prob', b.relu('relu', b.input))),
    `5×2×3 relu = relu(input)
     5×2×3 prob = softmax(relu)
     1×2×3 classes = argmax(prob)`,
    `5×2×3 relu = relu(input)
     1×2×3 classes = argmax(relu)`,
  );
});

test('softmax, zoom and argmax: probabilities are interpolated, not scores', () => {
  becomes(
    classifyEnd,
    drawn(b => zoomed(b, b.softmax('prob', b.input))),
    `5×2×3 prob = softmax(input)
     5×13×20 zoom = zoom(prob) scale=8 h=13 w=20 classes=false
     1×13×20 classes = argmax(zoom)`,
    '1×13×20 classes = zoom(input) scale=8 h=13 w=20 classes=true',
  );
});

test('deconv, softmax and argmax', () => {
  becomes(
    classifyEnd,
    drawn(b => b.softmax('prob', grown(b, b.input))),
    `5×13×20 deconv = deconv(input) kernel=16 stride=8 pad=4 h=13 w=20 classes=false {weight deconv.weight}
     5×13×20 prob = softmax(deconv)
     1×13×20 classes = argmax(prob)`,
    '1×13×20 classes = deconv(input) kernel=16 stride=8 pad=4 h=13 w=20 classes=true {weight deconv.weight}',
  );
});

test('deconv and argmax, tile by tile', () => {
  becomes(
    classifyEnd,
    drawn(b => b.deconv('deconv', b.input, 5, { ...grow, tile: { h: 1, w: 2 } })),
    `5×13×20 deconv = deconv(input) kernel=16 stride=8 pad=4 h=13 w=20 tile=1×2 classes=false {weight deconv.weight}
     1×13×20 classes = argmax(deconv)`,
    '1×13×20 classes = deconv(input) kernel=16 stride=8 pad=4 h=13 w=20 tile=1×2 classes=true {weight deconv.weight}',
  );
});

test('resize, softmax and argmax', () => {
  becomes(
    classifyEnd,
    drawn(b => b.softmax('prob', b.resize('logits', b.input, pixels))),
    `5×13×20 logits = resize(input) h=13 w=20
     5×13×20 prob = softmax(logits)
     1×13×20 classes = argmax(prob)`,
    '1×13×20 classes = classify(input) h=13 w=20',
  );
});

test('a softmax behind a zoom goes, the zoom stays', () => {
  becomes(
    classifyEnd,
    drawn(b => b.softmax('prob', zoomed(b, b.input))),
    `5×13×20 zoom = zoom(input) scale=8 h=13 w=20 classes=false
     5×13×20 prob = softmax(zoom)
     1×13×20 classes = argmax(prob)`,
    `5×13×20 zoom = zoom(input) scale=8 h=13 w=20 classes=false
     1×13×20 classes = argmax(zoom)`,
  );
});

test('a tapped deconv stays, the softmax behind it goes', () => {
  becomes(
    classifyEnd,
    drawn(b => b.softmax('prob', grown(b, b.input)), ['deconv']),
    `5×13×20 deconv = deconv(input) kernel=16 stride=8 pad=4 h=13 w=20 classes=false {weight deconv.weight}
     5×13×20 prob = softmax(deconv)
     1×13×20 classes = argmax(prob)`,
    `5×13×20 deconv = deconv(input) kernel=16 stride=8 pad=4 h=13 w=20 classes=false {weight deconv.weight}
     1×13×20 classes = argmax(deconv)`,
  );
});

/** The same of a single channel, whose `classes` a threshold decides. */
function decided(write: (b: Builder) => string, outputs: readonly string[] = [], threshold = 0.4) {
  const b = builder('end', { c: 1, h: 2, w: 3 });
  return b.graph([b.argmax('classes', write(b), threshold), ...outputs]);
}

test('resize, sigmoid and a threshold', () => {
  becomes(
    classifyEnd,
    decided(b => b.sigmoid('prob', b.resize('logits', b.input, pixels))),
    `1×13×20 logits = resize(input) h=13 w=20
     1×13×20 prob = sigmoid(logits)
     1×13×20 classes = argmax(prob) threshold=0.4`,
    '1×13×20 classes = classify(input) h=13 w=20 threshold=0.4 activation=sigmoid',
  );
});

test('a resized probability and a threshold', () => {
  becomes(
    classifyEnd,
    decided(b => b.resize('wide', b.sigmoid('prob', b.input), pixels)),
    `1×2×3 prob = sigmoid(input)
     1×13×20 wide = resize(prob) h=13 w=20
     1×13×20 classes = argmax(wide) threshold=0.4`,
    `1×2×3 prob = sigmoid(input)
     1×13×20 classes = classify(prob) h=13 w=20 threshold=0.4`,
  );
});

test('sigmoid, zoom and a threshold', () => {
  becomes(
    classifyEnd,
    decided(b => zoomed(b, b.sigmoid('prob', b.input))),
    `1×2×3 prob = sigmoid(input)
     1×13×20 zoom = zoom(prob) scale=8 h=13 w=20 classes=false
     1×13×20 classes = argmax(zoom) threshold=0.4`,
    '1×13×20 classes = zoom(input) scale=8 h=13 w=20 classes=true threshold=0.4',
  );
});

test('deconv, sigmoid and a threshold', () => {
  becomes(
    classifyEnd,
    decided(b => b.sigmoid('prob', b.deconv('deconv', b.input, 1, grow))),
    `1×13×20 deconv = deconv(input) kernel=16 stride=8 pad=4 h=13 w=20 classes=false {weight deconv.weight}
     1×13×20 prob = sigmoid(deconv)
     1×13×20 classes = argmax(prob) threshold=0.4`,
    '1×13×20 classes = deconv(input) kernel=16 stride=8 pad=4 h=13 w=20 classes=true threshold=0.4 activation=sigmoid {weight deconv.weight}',
  );
});

for (const [name, graph] of [
  ['a sigmoid that is an output before a threshold', decided(b => b.sigmoid('prob', b.relu('relu', b.input)), ['prob'])],
  ['a sigmoid before an argmax', drawn(b => b.sigmoid('prob', b.input))],
  ['a softmax before a threshold', decided(b => b.softmax('prob', b.input))],
  ['a zoom of a single channel’s scores', decided(b => zoomed(b, b.input))],
  ['a zoom of a softmax before a threshold', decided(b => zoomed(b, b.softmax('prob', b.input)))],
  ['a zoom of scores', drawn(b => zoomed(b, b.input))],
  ['a softmax that is an output', drawn(b => b.softmax('prob', b.input), ['prob'])],
  ['a softmax that is an output before a zoom', drawn(b => zoomed(b, b.softmax('prob', b.input)), ['prob'])],
  ['a softmax that is an output behind a deconv', drawn(b => b.softmax('prob', grown(b, b.input)), ['prob'])],
  ['a zoom that is an output', drawn(b => zoomed(b, b.softmax('prob', b.input)), ['zoom'])],
  [
    'a softmax with a second reader',
    drawn(b => b.add('sum', zoomed(b, b.softmax('prob', b.input)), b.resize('other', 'prob', pixels))),
  ],
  ['a resize between corners', drawn(b => b.resize('logits', b.input, pixels, 'corners'))],
] as const)
  test(`${name} stays`, () => stays(classifyEnd, graph));

test.run();
