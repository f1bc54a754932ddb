// All passes one after another on every model at an odd size: the numbers stay, and so does every value that somebody taps.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Graph, producers } from '../../src/graph/graph.ts';
import { select } from '../../src/graph/select.ts';
import { dilatedNets, narrowed } from '../../src/models/dilatednet.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse, passes } from '../../src/passes/index.ts';
import { defaultFacts, targetOf } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { representatives } from '../models/representatives.ts';
import { agree, limited, outputs, seeded } from './check.ts';

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

  test(`${name}: fused and unfused agree, taps survive: ${taps.join(', ')}`, () => {
    const read = seeded(graph);
    const wanted = outputs(select(graph, ['classes', 'decoder', ...taps]), [], read);
    const whole = select(graph, ['classes', 'decoder']);
    for (const barriers of [false, true]) agree(wanted, fuse(whole, { barriers }), read, TOLERANCE);
    const tapped = select(graph, ['decoder', ...taps]);
    const fused = fuse(tapped, targetOf(options));
    const made = producers(fused);
    for (const value of tapped.outputs) assert.ok(made.has(value), `${value} is gone`);
    agree(wanted, fused, read, TOLERANCE);
    // A kernel must exist for whatever a tap left unfused.
    lower(fused, { ...options, ...normalisation });
  });
}

/** Every layer, a sixteenth of the hidden channels, and few cells: most of a DilatedNet's input is margin. */
const streets = { classes: 5, h: 373, w: 381 };
/** Maps of the first two blocks and the weights of fc6 are larger. */
const small = limited(2 ** 20);

for (const [name, net] of dilatedNets) {
  if (!net.context) continue;
  const graph = findNetwork(name).build({ ...streets, widths: narrowed(net, 16) });
  // Of the nodes and, since a ReLU has the layer's name, of the layers.
  const taps = [...uniform(`${name} taps`, 2)].map(u => graph.nodes[Math.floor(u * graph.nodes.length)].name);
  const tapped = select(graph, ['classes', net.grid.value, ...taps]);

  test(`${name}: fused, in bands and parts or whole, and unfused agree; taps survive: ${taps.join(', ')}`, () => {
    const [whole, cut] = [fuse(tapped, { barriers: false }), fuse(tapped, small)];
    const count = (graph: Graph, op: string): number => graph.nodes.filter(node => node.op === op).length;
    assert.equal([count(whole, 'stack'), count(whole, 'join')], [0, 0]);
    assert.ok(count(cut, 'stack') > 0 && count(cut, 'join') > 0);
    const read = seeded(tapped);
    const wanted = outputs(tapped, [], read);
    for (const fused of [whole, cut]) agree(wanted, fused, read, TOLERANCE);
    for (const fused of [whole, cut]) lower(fused, { ...options, ...normalisation });
  });

  test(`${name}: every value can be tapped, whole or not`, () => {
    for (const { name: value } of graph.nodes)
      for (const target of [{ barriers: false }, small])
        lower(fuse(select(graph, [value]), target), { ...options, ...normalisation });
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
