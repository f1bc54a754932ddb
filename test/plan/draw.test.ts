// Drawings: well-formed, complete, the same every time, and on their own. Whether they are beautiful is for people to say.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fieldsOfView, layers } from '../../src/graph/fov.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { shaderLibrary } from '../../src/node/engine.ts';
import { fuse } from '../../src/passes/index.ts';
import { defaultFacts, targetOf } from '../../src/plan/choose.ts';
import { drawPlan } from '../../src/plan/draw.ts';
import { drawFields } from '../../src/plan/draw-fov.ts';
import { drawPasses, type Stage } from '../../src/plan/draw-passes.ts';
import { type LowerOptions, lower } from '../../src/plan/lower.ts';
import type { Plan, Step } from '../../src/plan/plan.ts';
import { xml } from '../../src/plan/svg.ts';
import { onItsOwn } from './drawing.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { facts: shaderFacts } = await shaderLibrary();
const options: LowerOptions = {
  stem: 'texture',
  precision: 'f32',
  facts: defaultFacts,
  variants: 'auto',
  mean: [0, 0, 0],
  std: [1, 1, 1],
  shaderFacts,
};

const network = (name: string, h = 128, w = 256): Graph => findNetwork(name).build({ classes: 19, h, w });

/** Fused for an adapter, so that large maps are made in bands; a DilatedNet has them from 700×700 on. */
const banded = (): Plan => {
  const graph = network('dilation10_cityscapes', 700, 732);
  return lower(fuse(graph, targetOf(options)), { ...options, margin: 186, frame: { h: 328, w: 360 } });
};

const planOf = (name: string, rest: Partial<LowerOptions> = {}): Plan =>
  lower(fuse(network(name), targetOf({ ...options, ...rest })), { ...options, ...rest });

function passesOf(graph: Graph): string {
  const stages: Stage[] = [];
  fuse(graph, { barriers: true }, (pass, _before, after) => stages.push({ pass, after }));
  return drawPasses(graph, stages);
}

test('score: every step and every value, of any network and precision', () => {
  for (const [name, rest] of [
    ['regseg', {}],
    ['regseg', { precision: 'half', variants: 'plain', stem: 'tensor' }],
    ['regseg-large', { precision: 'half' }],
    ['exp49_BisenetDecoder', {}],
    ['exp48_SFNetDecoder', {}],
    ['regnety600mf_lraspp', { frame: { h: 60, w: 90 } }],
  ] as const) {
    const plan = planOf(name, rest);
    const page = onItsOwn(drawPlan(plan));
    const tips = page.texts('title');
    const words = page.texts('text');
    plan.steps.forEach((step, n) => {
      assert.ok(words.includes(step.node), step.node);
      assert.ok(
        tips.some(tip => tip.startsWith(`step ${n}: ${step.node}\n`)),
        step.node,
      );
    });
    for (const [value, { slot }] of Object.entries(plan.values)) {
      const found = tips.filter(tip => tip.split('\n')[0].replace(/, written in parts$/, '') === value);
      assert.is(found.length, 1, value);
      assert.match(found[0], new RegExp(`bytes in slot ${slot}\n`));
    }
    for (const text of [plan.model, plan.hash, `${plan.steps.length} dispatches`, plan.precision, plan.size.join('×')]) {
      assert.ok(
        words.some(word => word.includes(text)),
        text,
      );
    }
  }
});

test('score: a joined map lives from its first part to its last reader, and so do its parts', () => {
  // Where barriers are cheap no map is joined.
  const plan = planOf('regseg', { variants: 'plain' });
  const tips = onItsOwn(drawPlan(plan)).texts('title');
  const step = (node: string): number => plan.steps.findIndex(step => step.node === node);
  const life = (value: string): string => tips.find(tip => tip.startsWith(`${value}\n`) || tip.startsWith(`${value}, written`))!;
  const last = step('decoder.conv4');
  assert.match(life('decoder.cat'), new RegExp(`written in parts\n.*\nsteps ${step('decoder.head4')} to ${last}$`));
  assert.match(life('decoder.up8'), new RegExp(`steps ${step('decoder.up8')} to ${last}$`));
  assert.match(life('decoder.head4'), new RegExp(`steps ${step('decoder.head4')} to ${last}$`));
  assert.match(life('body.stage4'), new RegExp(`steps ${step('body.stage4')} to ${step('decoder.head4')}$`));
  assert.match(life('classes'), new RegExp(`steps ${plan.steps.length - 1} to ${plan.steps.length - 1}$`));
});

test('score: bands live in what they are stacked to, rows in what they are cut from', () => {
  const plan = banded();
  const tips = onItsOwn(drawPlan(plan)).texts('title');
  const life = (value: string): string => tips.find(tip => tip.split(/[\n,]/)[0] === value) ?? `no ${value}`;
  const step = (node: string): number => plan.steps.findIndex(each => each.node === node);
  const reader = (value: string): number => plan.steps.findLastIndex(({ reads }) => Object.values(reads).includes(value));
  const bands = plan.steps.filter(({ node }) => node.startsWith('pool1@')).map(({ node }) => node);
  const rows = Object.keys(plan.values).filter(name => name.startsWith('input@'));
  assert.ok(bands.length > 1 && rows.length === bands.length);
  const end = reader('pool1');
  assert.match(life('pool1'), new RegExp(`^pool1, written in parts\\n.*\\nsteps ${step(bands[0])} to ${end}$`));
  for (const band of bands) assert.match(life(band), new RegExp(`steps ${step(band)} to ${end}$`));
  assert.match(
    life('input'),
    new RegExp(`^input\\n.*\\nsteps 0 to ${step(rows.at(-1)!.replace(/^input@(.*)\.(\d+)$/, '$1@$2'))}$`),
  );
  for (const name of rows)
    assert.match(life(name), new RegExp(`^${name}, rows of another map\\n.*\\nsteps ${reader(name)} to ${reader(name)}$`));
});

test('score: the memory that is alive never exceeds the slots', () => {
  for (const plan of [planOf('regseg'), planOf('exp48_SFNetDecoder'), banded()]) {
    const [peak] = onItsOwn(drawPlan(plan))
      .texts('text')
      .filter(text => text.startsWith('peak '));
    const megabytes = Number(/peak ([\d.]+) MB/.exec(peak)![1]);
    const slots = plan.slots.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
    assert.ok(megabytes <= slots + 0.05 && megabytes >= Math.max(...plan.slots) / 1e6 - 0.05, `${megabytes} MB of ${slots}`);
  }
});

test('names are text, whatever is in them', () => {
  const evil = '<b a="1">&amp; \u0007\ud800 ö'.repeat(2);
  const plan = planOf('regseg');
  const first = plan.steps[0].node;
  const rename = (side: Step['reads']): Step['reads'] =>
    Object.fromEntries(Object.entries(side).map(([role, value]) => [role, value === first ? evil : value]));
  const { [first]: made, ...values } = plan.values;
  const steps = plan.steps.map(step => ({
    ...step,
    node: step.node === first ? evil : step.node,
    kernel: step.node === first ? '"}<x' : step.kernel,
    reads: rename(step.reads),
    writes: rename(step.writes),
  }));
  const page = onItsOwn(drawPlan({ ...plan, model: evil, steps, values: { ...values, [evil]: made } }));
  const shown = evil.replaceAll('\u0007', '\ufffd').replaceAll('\ud800', '\ufffd');
  assert.ok(page.texts('title').some(text => text.startsWith(`step 0: ${shown}\n`)));
  assert.ok(page.texts('text').includes(shown));
  assert.is(xml('a\tb\n"<&>"\u0000\uffff😀'), 'a\tb\n&quot;&lt;&amp;&gt;&quot;\ufffd\ufffd😀');
});

test('a plan without steps, and a network without passes', () => {
  const empty = { ...planOf('regseg'), steps: [], values: {}, slots: [], outputs: [] };
  onItsOwn(drawPlan(empty));
  onItsOwn(drawPasses(network('regseg'), []));
});

test('passes: every column, and every node of a kind as it was published', () => {
  for (const name of ['regseg', 'exp49_decoder10', 'exp48_SFNetDecoder', 'regnety600mf_BisenetDecoder']) {
    const graph = network(name);
    const page = onItsOwn(passesOf(graph));
    const words = page.texts('text');
    const counts: number[] = [];
    fuse(graph, { barriers: true }, ({ name }, before, after) => {
      assert.ok(
        words.some(word => word.endsWith(`  ${name}`)),
        name,
      );
      counts.push(before.nodes.length, after.nodes.length);
      const text =
        before.nodes.length === after.nodes.length
          ? `${after.nodes.length} nodes`
          : `${before.nodes.length} → ${after.nodes.length} nodes`;
      assert.ok(words.includes(text), text);
    });
    assert.ok(words.some(word => word.startsWith(`${counts[0]} nodes as published, ${counts.at(-1)} after `)));
    // The decoder has no twin, so that all of it is there, before and after.
    const tips = page.texts('title');
    for (const { name } of graph.nodes.filter(({ name }) => name.startsWith('decoder.'))) {
      assert.ok(
        tips.some(tip => tip.startsWith(`${name} = `)),
        name,
      );
    }
  }
});

test('passes: bands are drawn as what works in them', () => {
  const graph = network('dilation10_cityscapes', 700, 732);
  const target = targetOf(options);
  const stages: Stage[] = [];
  const fused = fuse(graph, target, (pass, _before, after) => stages.push({ pass, after }));
  const words = onItsOwn(drawPasses(graph, stages)).texts('text');
  const bands = fused.nodes.filter(({ name }) => name.startsWith('pool1@')).length;
  assert.ok(words.includes(`${bands} bands, conv 3×3`), words.filter(word => /bands/.test(word)).join('; '));
  const views = fused.nodes.filter(({ op }) => ['join', 'crop', 'stack'].includes(op)).length;
  assert.ok(words.some(word => word.endsWith(`passes, ${views} of them no work`)));
});

test('fields of view: every layer, its size, and its holes', () => {
  for (const name of ['regseg', 'exp30_decoder26', 'exp48_SFNetDecoder', 'dilation8_camvid', 'dilation8_pascal_voc']) {
    const graph = network(name, 1024, 2048);
    const fields = fieldsOfView(graph);
    const page = onItsOwn(drawFields(graph, fields));
    const tips = page.texts('title');
    for (const layer of layers(graph)) {
      const { size, whole } = fields.of(layer);
      assert.ok(
        tips.some(tip => tip.startsWith(`${layer}: ${whole ? 'the whole picture' : `${size.h}×${size.w}`}, at stride `)),
        layer,
      );
    }
    const holes = page.texts('text').filter(text => text.includes('no path leads to'));
    assert.is(holes.length, name === 'exp30_decoder26' ? 1 : 0);
  }
});

test('the same every time', () => {
  const graph = network('regseg');
  for (const draw of [() => drawPlan(planOf('regseg')), () => passesOf(graph), () => drawFields(graph, fieldsOfView(graph))]) {
    assert.is(draw(), draw());
  }
});

test('inspect --draw writes what is asked for, whole; other names than .svg are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atrous-draw-'));
  const run = async (...words: string[]): Promise<{ code: number; out: string; err: string }> =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', join(root, 'src/cli/main.ts'), 'inspect', ...words], {
      env: { ...process.env, INIT_CWD: undefined },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
      ({ code, stdout, stderr }) => ({ code, out: stdout, err: stderr }),
    );
  try {
    const [plan, fov, wrong] = await Promise.all([
      run('regseg', '--size', '64x128', '--draw', join(folder, 'deep', 'plan.svg')),
      run('regseg', '--size', '64x128', '--fov', '--json', '--draw', join(folder, 'fov.SVG')),
      run('regseg', '--size', '64x128', '--draw', join(folder, 'plan.png')),
    ]);
    assert.equal([plan.code, fov.code, wrong.code], [0, 0, 2]);
    assert.match(plan.out, /drawn: .*plan\.svg\n$/);
    assert.match(wrong.err, /--draw .*plan\.png: drawings are SVG; give a name that ends in \.svg/);
    assert.match(
      onItsOwn(readFileSync(join(folder, 'deep', 'plan.svg'), 'utf8'))
        .texts('text')
        .join(' '),
      /64×128/,
    );
    onItsOwn(readFileSync(join(folder, 'fov.SVG'), 'utf8'));
    const { body, fields, gates } = JSON.parse(fov.out);
    assert.equal([body.size, fields.length, gates], [{ h: 3807, w: 3807 }, 26, { held: 1, count: 18 }]);
    assert.match(fov.err, /drawn: /);
    assert.equal(readdirSync(folder).sort(), ['deep', 'fov.SVG']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
