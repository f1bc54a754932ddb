// All passes one after another on every model at an odd size: the numbers stay, and so does every value that somebody taps.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { producers } from '../../src/graph/graph.ts';
import { select } from '../../src/graph/select.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse, passes } from '../../src/passes/index.ts';
import { defaultFacts, targetOf } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { representatives } from '../models/representatives.ts';
import { sameNumbers } from './check.ts';

const size = { classes: 5, h: 33, w: 47 };
/** Rounding of float64 through some sixty layers, folded and not. */
const TOLERANCE = 1e-11;
const TAPS = 6;

const { facts: shaderFacts } = fileLibrary();
const options = { precision: 'f32', facts: defaultFacts, variants: 'auto', stem: 'tensor', shaderFacts } as const;
const normalisation = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

test('every pass has a test of its own', () => {
  for (const { name } of passes)
    assert.ok(existsSync(fileURLToPath(new URL(`${name}.test.ts`, import.meta.url))), `test/passes/${name}.test.ts does not exist`);
});

for (const name of representatives) {
  const graph = findNetwork(name).build(size);
  const all = [...graph.nodes.map(node => node.name), ...graph.aliases.keys()];
  const taps = [...uniform(`${name} taps`, TAPS)].map(u => all[Math.floor(u * all.length)]);

  test(`${name}: fused and unfused agree`, () => {
    const whole = select(graph, ['classes', 'decoder']);
    for (const barriers of [false, true]) sameNumbers(whole, fuse(whole, { barriers }), TOLERANCE);
  });

  test(`${name}: taps survive: ${taps.join(', ')}`, () => {
    const tapped = select(graph, ['decoder', ...taps]);
    const fused = fuse(tapped, targetOf(options));
    const made = producers(fused);
    for (const value of tapped.outputs) assert.ok(made.has(value), `${value} is gone`);
    sameNumbers(tapped, fused, TOLERANCE);
    // A kernel must exist for whatever a tap left unfused.
    lower(fused, { ...options, ...normalisation });
  });
}

test('every value of exp48_decoder26 can be tapped', () => {
  const graph = findNetwork('exp48_decoder26').build(size);
  const { nodes } = graph;
  // Blocks are alike: the first of each kind stands for all.
  const kinds = /^(?!body\.stage(8\.2|16\.([3-9]|1[0-2])))/;
  for (const value of nodes.map(node => node.name).filter(each => kinds.test(each) && each !== 'classes'))
    lower(fuse(select(graph, [value]), targetOf(options)), { ...options, ...normalisation });
});

test.run();
