// The end of a block takes the 1×1 convolutions of its map along; shortcuts then read the means that it stores.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { printNode } from '../../src/graph/print.ts';
import { chain } from '../../src/passes/chain.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { gateOperand } from '../../src/passes/gate-operand.ts';
import { gatePrologue } from '../../src/passes/gate-prologue.ts';
import { residualEpilogue } from '../../src/passes/residual-epilogue.ts';
import { shortcutOperand } from '../../src/passes/shortcut-operand.ts';
import { squeezeExcite } from '../../src/passes/squeeze-excite.ts';
import { twinOutputs } from '../../src/passes/twin-outputs.ts';
import { sameNumbers, stays } from './check.ts';

interface Options {
  readonly c?: number;
  readonly tapped?: boolean;
  /** How the second block's shortcut reads the map. */
  readonly shortcut?: 'pooled' | 'same' | 'none';
  readonly residual?: boolean;
  readonly head?: boolean;
}

/** A block with a squeeze, and the first half of the next, with its shortcut and a late head. */
function blocks({ c = 16, tapped = false, shortcut = 'pooled', residual = false, head = true }: Options = {}): Graph {
  const b = builder('blocks', { c, h: 3, w: 5 });
  const middle = b.relu('middle', b.conv('conv2', b.input, { in: c, out: c, kernel: 3, pad: 1, groups: c / 8, bias: true }));
  const hidden = b.relu('hidden', b.conv('se1', b.mean('mean', middle), { in: c, out: 4, bias: true }));
  const gate = b.sigmoid('gate', b.conv('se2', hidden, { in: 4, out: c, bias: true }));
  const made = b.conv('conv3', b.mul('gated', middle, gate), { in: c, out: c, bias: true });
  const x = b.relu('x', residual ? b.add('sum', made, b.input) : made);
  const next = b.relu('next', b.conv('conv1', x, { in: c, out: 24, bias: true }));
  const low = shortcut === 'pooled' ? b.conv('low', next, { in: 24, out: 8, kernel: 3, stride: 2, pad: 1 }) : next;
  const main = b.conv('main', low, { in: shortcut === 'pooled' ? 8 : 24, out: 8 });
  const beside = shortcut !== 'none' ? b.conv('beside', shortcut === 'pooled' ? b.pool('pool', x) : x, { in: c, out: 8 }) : null;
  const y = beside ? b.add('y', main, beside) : main;
  const late = head ? [b.relu('head', b.conv('head.conv', x, { in: c, out: 8, bias: true }))] : [];
  const passes = [fuseRelu, squeezeExcite, gateOperand, shortcutOperand, residualEpilogue, gatePrologue, twinOutputs];
  return passes.reduce((graph, pass) => pass.apply(graph), b.graph([y, ...late, ...(tapped ? [x] : [])]));
}
const lines = (graph: Graph): string[] => graph.nodes.map(printNode);

test('the next convolution and the late head join the end of the block, and the shortcut reads its means', () => {
  const [before, after] = [blocks(), chain.apply(blocks())];
  assert.is(after.nodes.length, before.nodes.length - 1);
  const made = lines(after).find(line => line.startsWith('next ='))!;
  for (const word of ['projected=relu', 'halved=x.halved', 'also=head', 'project [conv1.weight, head.conv.weight]'])
    assert.ok(made.includes(word), `${word} is not in ${made}`);
  assert.match(lines(after).find(line => line.startsWith('y ='))!, /shortcut x\.halved\).* shortcut=same/);
  sameNumbers(before, after, 0);
});

test('without a head and without a shortcut', () => {
  const graph = blocks({ head: false, shortcut: 'none' });
  const after = chain.apply(graph);
  assert.is(after.nodes.length, graph.nodes.length - 1);
  assert.not.match(lines(after).join(), /halved|also/);
  sameNumbers(graph, after, 0);
});

test('a tapped map stays', () => stays(chain, blocks({ tapped: true })));
test('a map that a shortcut reads as it is stays', () => stays(chain, blocks({ shortcut: 'same', head: false })));
test('a block with a residual stays', () => stays(chain, blocks({ residual: true })));
test('more channels than a workgroup keeps stay', () => stays(chain, blocks({ c: 56 })));

test.run();
