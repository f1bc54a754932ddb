// Two checkouts in turns, with engines that only pretend: order, the ratio and its quartiles, and what the classes say.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareWith, programOf } from '../../bench/against.ts';
import type { Engine, EngineSpec } from '../../bench/child.ts';
import { repository } from '../cli/harness.ts';

const spec: EngineSpec = {
  engine: 'atrous',
  model: 'regseg',
  size: { h: 20, w: 50 },
  precision: 'f32',
  variants: ['wide', 'plain'],
  toggles: { enable: [], disable: [] },
};

test('pairs in turns; the median of their ratios, not the ratio of medians', async () => {
  const log: string[] = [];
  const start = (where: 'here' | 'there'): Engine => {
    let runs = 0;
    return {
      async load() {
        log.push(`${where} load`);
        return { name: 'atrous', version: `plan ${where}`, on: 'one', ms: 5 };
      },
      async run() {
        log.push(where);
        // A machine that becomes slower from frame to frame, for both alike; the first pair warms up.
        const mood = 10 * ++runs;
        return where === 'here' ? mood : mood * 2;
      },
      classes: async () => Uint8Array.of(1, 2, 3, where === 'here' ? 4 : 5),
      async end() {
        log.push(`${where} end`);
      },
    };
  };
  const found = await compareWith('../before', spec, start, 15);
  assert.equal(log.slice(0, 4), ['here load', 'here', 'there load', 'there']);
  assert.equal(log.slice(4), [...Array.from({ length: 16 }, () => ['here', 'there']).flat(), 'here end', 'there end']);
  assert.equal(found.ratio, { median: 0.5, quartiles: [0.5, 0.5], pairs: 15 });
  assert.equal([found.checkout, found.agreement, found.variants, found.size], ['before', 0.75, 'wide,plain', '20x50']);
  assert.equal([found.here.first_frame_ms, found.there.first_frame_ms], [15, 25]);
  assert.equal([found.here.plan, found.there.plan], ['plan here', 'plan there']);
});

test('without a wish at least 15 pairs, however long they take', async () => {
  const start = (): Engine => ({
    load: async () => ({ name: 'atrous', version: '', on: '', ms: 1 }),
    run: async () => 60_000,
    classes: async () => new Uint8Array(1),
    end: async () => {},
  });
  assert.is((await compareWith('../before', spec, start, undefined)).ratio.pairs, 15);
});

test('the program of a checkout: its source where this runs from source, else what it has built', () => {
  assert.ok(programOf(repository, true).endsWith('bench/main.ts'));
  assert.throws(() => programOf(`${repository}/test`, false), /--against .*dist\/bench\.js/);
});

test.run();
