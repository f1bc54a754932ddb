// A network of one convolution, so that tests of the front door compile in no time and know every class: a pixel's class is its
// largest channel, red 0, green 1, blue 2.
import { builder } from '../../src/graph/build.ts';
import { writeClasses } from '../../src/graph/end.ts';
import type { Network } from '../../src/models/registry.ts';
import type { Parts, Pixels } from '../../src/segmenter.ts';
import { fromFloat32, type Tensors } from '../../src/weights/tensor.ts';

export const network: Network = {
  name: 'tiny',
  canonical: 'tiny',
  build({ classes = 3, h, w, to = { h, w }, ...end }) {
    const b = builder('tiny', { c: 3, h, w });
    const scores = b.conv('classifier', b.input, { in: 3, out: classes, bias: true });
    return b.graph([writeClasses(b, b.resize('logits', scores, to), { ...end, channels: classes })]);
  },
  classifier: 'classifier.weight',
  end: { channels: 3 },
  channels: tensors => tensors.get('classifier.weight')!.shape[0],
  publishedClasses: 3,
  fit: tensors => ({ network, tensors }),
  scores: 'logits',
  tile: null,
  grid: null,
};

const tensors: Tensors = new Map([
  ['classifier.weight', fromFloat32([3, 3, 1, 1], Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1))],
  ['classifier.bias', fromFloat32([3], new Float32Array(3))],
]);

export const parts: Pick<Parts, 'network' | 'tensors' | 'card' | 'precision' | 'variants' | 'borrowed'> = {
  network,
  tensors,
  card: {
    model: 'tiny',
    classes: ['red', 'green', 'blue'],
    palette: [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ],
    preprocessing: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], max_area: 10_000 },
  },
  precision: 'f32',
  variants: 'auto',
  borrowed: false,
};

/** Of RGB or RGBA pixels. No two channels of a pixel may be equal. */
export function largestChannel({ data, width, height }: Pixels): Uint8Array {
  const channels = data.length / (width * height);
  return Uint8Array.from({ length: width * height }, (_, n) => {
    const [red, green, blue] = data.subarray(n * channels, n * channels + 3);
    return red > green && red > blue ? 0 : green > blue ? 1 : 2;
  });
}
