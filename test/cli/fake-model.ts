// `eval` with something else in the place of a model: what its numbers mean is then known, and no device is needed.

import { parse } from '../../src/cli/command.ts';
import { type Classifier, evaluate, evaluateData } from '../../src/cli/eval.ts';
import { output } from '../../src/cli/output.ts';
import { expectedTensors, findNetwork } from '../../src/models/registry.ts';
import { defaultFacts } from '../../src/plan/choose.ts';
import type { Pixels, SegmentResult } from '../../src/segmenter.ts';
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { count, fromFloat32 } from '../../src/weights/tensor.ts';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What work says on the process's streams. */
export async function listen(work: () => Promise<number>): Promise<Said> {
  const real = [process.stdout.write, process.stderr.write] as const;
  const said = ['', ''];
  [process.stdout, process.stderr].forEach((stream, n) => {
    stream.write = ((chunk: string | Uint8Array) => {
      said[n] += chunk;
      return true;
    }) as typeof stream.write;
  });
  try {
    return { code: await work(), stdout: said[0], stderr: said[1] };
  } finally {
    [process.stdout.write, process.stderr.write] = real;
  }
}

/** Stands for a model: a colour is a class. It keeps the tests below free of any device. */
const classifier = (classes: number): Classifier => ({
  async segment(source: unknown) {
    const { data, width, height } = source as Pixels;
    const found = Uint8Array.from({ length: width * height }, (_, pixel) => data[pixel * 4] % classes);
    return { classes: found, width, height } as SegmentResult<never>;
  },
  facts: async () => ({ ...defaultFacts, name: 'fake' }),
  precision: 'f32',
  dispose: async () => {},
});

/** The command with that in the place of a model. */
export async function runFake(words: string[], onPicture?: (picture: string) => void): Promise<Said> {
  return listen(() =>
    evaluateData(parse('eval', evaluate, words), output(words.includes('--json')), {
      onPicture,
      open: async ({ card }) => classifier(card.classes.length),
    }),
  );
}

/** A weights file of zeros: only its names and shapes matter here. */
export function blankWeights(network: string, classes: number): Uint8Array {
  const wanted = expectedTensors(findNetwork(network).build({ classes, h: 32, w: 32 }));
  return writeSafetensors(new Map([...wanted].map(([name, shape]) => [name, fromFloat32(shape, new Float32Array(count(shape)))])));
}
