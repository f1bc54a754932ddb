// A plan as a score: slots are staves, time runs right, a value is a bar from the step that writes it to the last that reads it,
// and what a step reads and writes sounds together. Reuse, peaks and what waits for what show at a glance.

import type { Placement } from '../graph/layout.ts';
import { byteLength, QUAD, quads } from '../graph/layout.ts';
import type { Codec } from '../shader/source.ts';
import { type Plan, peakBytes, pipelineKey, pipelines, type Step } from './plan.ts';
import { storedAs } from './print.ts';
import { bar, element, fitting, kernelClass, label, megabytes, page, rule, tip, widthOf } from './svg.ts';

/** Pixels. */
const COLUMN = 34;
const LEFT = 132;
const RIGHT = 96;
const HEAD = 118;
const MEMORY = 96;
const WORK = 52;
const GAP = 22;
/** Height of the staff of the largest slot; the others follow by the square root of their bytes, or the small would vanish. */
const TALLEST = 116;
const SHORTEST = 15;
const FOOT = 190;

/** Where a value is drawn: its steps, both included, and the rows of its staff. */
interface Held {
  readonly name: string;
  readonly placement: Placement;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** A map of one writer; one that others write in parts, an outline around them; such a part; rows that are read alone, an outline too. */
  readonly role: 'map' | 'whole' | 'part' | 'rows';
  /** What its bytes belong to: itself but for parts and rows. */
  readonly home: Placement;
}

/** SVG 1.1 with a light and a dark look. Bar heights go by the square root of bytes; a pointer over anything tells all about it. */
export function drawPlan(plan: Plan): string {
  const { steps, slots } = plan;
  const held = lives(plan);
  const most = Math.max(1, ...slots);
  const heights = slots.map(bytes => Math.max(SHORTEST, TALLEST * Math.sqrt(bytes / most)));
  const memoryTop = HEAD + 26;
  const workTop = memoryTop + MEMORY + GAP;
  const stavesTop = workTop + 2 * WORK + GAP + 6;
  const tops: number[] = [];
  let y = stavesTop;
  for (const height of heights) {
    tops.push(y);
    y += height + 16;
  }
  const bottom = y - 16;
  const width = LEFT + steps.length * COLUMN + RIGHT;
  const right = LEFT + steps.length * COLUMN;
  const kernels = [...new Set(steps.map(step => step.kernel))];
  const x = (step: number): number => LEFT + (step + 0.5) * COLUMN;

  /** Top and height of a value's bar: within a map of parts it takes the share of its channels and of its rows. */
  const place = ({ placement, role, home }: Held): { y: number; height: number } => {
    const { slot, c, h, offset, start } = placement;
    const bytes = byteLength(home, home.kind, plan.precision);
    const height = Math.max(SHORTEST - 4, heights[slot] * Math.sqrt(Math.min(1, bytes / slots[slot])));
    const base = tops[slot] + (heights[slot] - height) / 2;
    if (role === 'map') return { y: base, height };
    const share = quads(c) / home.stride;
    return { y: base + height * (start / bytes + offset / home.stride), height: height * (h / home.h) * share };
  };

  const bars = held.map(value => drawBar(value, place(value), plan, x));
  const texts = held.map(value => drawName(value, place(value), plan, x));
  const heads = new Map(held.map(value => [value.name, headOf(place(value))]));
  const chords = steps.map((step, n) => drawChord(step, n, heads, x(n)));
  const columns = steps.map((step, n) =>
    element(
      'g',
      { class: 'step' },
      tip(describe(plan, step, n)),
      bar(x(n) - COLUMN / 2, HEAD, COLUMN, bottom + FOOT - HEAD, { class: 'hit' }),
    ),
  );
  const names = steps.map((step, n) =>
    element(
      'g',
      { class: `step ${kernelClass(step.kernel)}` },
      tip(describe(plan, step, n)),
      element('circle', { cx: x(n), cy: bottom + 22, r: 4.5, class: 'dot' }),
      label(0, 0, step.node, { transform: `translate(${x(n) + 4} ${bottom + 34}) rotate(-58)`, class: 'end' }),
      label(x(n), bottom + 10, String(n), { class: 'mid soft mono' }),
    ),
  );
  return page(
    {
      width,
      height: bottom + FOOT,
      title: `${plan.model}: plan of ${steps.length} dispatches`,
      kernels,
      style: [
        '.hit{fill:transparent}.fill,.strong,.dot{stroke-width:1}.line{stroke-width:.6}.stem{stroke-width:1.1;opacity:.75}',
        '.on{stroke-width:4px;paint-order:stroke;stroke-linejoin:round}.open{stroke-width:1.3}',
        '.area{opacity:.32}.frame{stroke-dasharray:3 3}.dash{stroke-dasharray:5 4}',
        '.step:hover .hit{fill:#888;fill-opacity:.16}.value:hover .fill{stroke-width:2.2}',
      ].join(''),
    },
    [
      ...drawHead(plan, kernels, Math.max(width - RIGHT, 700)),
      ...columns,
      ...drawMeasures(steps, HEAD + 12, bottom, x),
      ...drawMemory(plan, held, memoryTop, right, x),
      ...drawWork(steps, workTop, right, x),
      ...slots.flatMap((bytes, slot) => drawStaff(slot, bytes, tops[slot], heights[slot], right)),
      ...bars,
      ...chords.map(({ stem }) => stem),
      ...texts,
      ...chords.map(({ notes }) => notes),
      ...names,
    ],
  );
}

/** A slot's tenant: a map alone, or one with its parts, or with the rows that are read of it. */
interface Home {
  readonly members: Set<string>;
  readonly written: Set<string>;
  readonly from: number;
  to: number;
}

/** From the first write to the last read. Whatever lies in another map lives as long as that, as in the planner. */
function lives(plan: Plan): Held[] {
  const { values, precision } = plan;
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  const made = new Set(plan.steps.flatMap(step => used(step.writes)));
  plan.steps.forEach((step, n) => {
    for (const value of [...used(step.reads), ...used(step.writes)].filter(name => name in values)) {
      if (!first.has(value)) first.set(value, n);
      last.set(value, n);
    }
  });
  const idle = new Set(Object.keys(values).filter(name => !made.has(name)));
  const held = homesOf(plan, idle).flatMap(({ members, written, from, to }): Held[] => {
    const around = (name: string): boolean =>
      [...members].every(other => other === name || inside(values[other], values[name], precision));
    const whole =
      written.size === 1 ? [...written][0] : ([...members, ...idle].find(name => !made.has(name) && around(name)) ?? '');
    idle.delete(whole);
    if (whole) members.add(whole);
    return [...members].map((name): Held => {
      const placement = values[name];
      const role = made.has(name) ? (name === whole || !whole ? 'map' : 'part') : name === whole ? 'whole' : 'rows';
      const begin = role === 'whole' ? from : first.get(name)!;
      return {
        name,
        placement,
        role,
        home: values[whole] ?? placement,
        from: begin,
        to: role === 'rows' ? last.get(name)! : to,
        bytes: byteLength(placement, placement.kind, precision),
      };
    });
  });
  const order = (value: Held): number => Number(value.role !== 'whole');
  return held.sort((a, b) => order(a) - order(b) || a.from - b.from);
}

/**
 * The tenants of every slot, one after another. A write goes on with the one before when it fills what that has left of a map that nobody writes as a
 * whole (`idle` are the values that no step writes).
 */
function homesOf({ steps, values, outputs, precision }: Plan, idle: ReadonlySet<string>): Home[] {
  const homes: Home[] = [];
  const current = new Map<number, Home>();
  const touch = (value: string, at: number, writes: boolean): void => {
    const place = values[value];
    if (!place) return;
    let home = current.get(place.slot);
    const goesOn =
      home &&
      [...home.written].every(name => apart(values[name], place, precision)) &&
      [...idle].some(name => [value, ...home!.written].every(part => inside(values[part], values[name], precision)));
    if (!home || (writes && !goesOn)) {
      home = { members: new Set(), written: new Set(), from: at, to: at };
      current.set(place.slot, home);
      homes.push(home);
    }
    home.members.add(value);
    if (writes) home.written.add(value);
    home.to = at;
  };
  steps.forEach((step, n) => {
    for (const value of used(step.reads)) touch(value, n, false);
    for (const value of used(step.writes)) touch(value, n, true);
  });
  for (const output of outputs) if (steps.length > 0) touch(output, steps.length - 1, false);
  return homes;
}

/** Rows [top, bottom) and quads [left, right) of the map that a value lies in. */
function boundsOf(
  { start, offset, c, h, w, stride, kind }: Placement,
  precision: Codec,
): { top: number; bottom: number; left: number; right: number } {
  const top = start / byteLength({ c: stride * QUAD, h: 1, w }, kind, precision);
  return { top, bottom: top + h, left: offset, right: offset + quads(c) };
}

/** Whether one value is a range of rows, of channels or both of another. */
function inside(part: Placement, whole: Placement, precision: Codec): boolean {
  const [a, b] = [boundsOf(part, precision), boundsOf(whole, precision)];
  const alike = part.slot === whole.slot && part.w === whole.w && part.stride === whole.stride && part.kind === whole.kind;
  return alike && a.top >= b.top && a.bottom <= b.bottom && a.left >= b.left && a.right <= b.right;
}

function apart(one: Placement, other: Placement, precision: Codec): boolean {
  const [a, b] = [boundsOf(one, precision), boundsOf(other, precision)];
  return a.bottom <= b.top || b.bottom <= a.top || a.right <= b.left || b.right <= a.left;
}

function used(bindings: Step['reads']): string[] {
  return Object.values(bindings).filter(value => value !== null);
}

/** From this height on a bar's name stands above its notes. */
const TALL = 24;

/** Where the notes of a bar stand. */
function headOf({ y, height }: { y: number; height: number }): number {
  return height < TALL ? y + height / 2 : y + height - 8;
}

function spanOf({ from, to }: Held, x: (step: number) => number): { left: number; width: number } {
  const left = x(from) - COLUMN / 2 + 3;
  return { left, width: x(to) + COLUMN / 2 - 3 - left };
}

function drawBar(value: Held, { y, height }: { y: number; height: number }, plan: Plan, x: (step: number) => number): string {
  const { name, placement, from, to, bytes, role } = value;
  const { left, width } = spanOf(value, x);
  const about = tip(
    [
      role === 'whole' ? `${name}, written in parts` : role === 'rows' ? `${name}, rows of another map` : name,
      `${shapeOf(placement)}, ${bytes} bytes in slot ${placement.slot}`,
      `steps ${from} to ${to}`,
    ].join('\n'),
  );
  const rx = Math.min(5, height / 3);
  if (role === 'whole' || role === 'rows')
    return element('g', { class: 'value' }, about, bar(left - 2, y - 2, width + 4, height + 4, { rx, class: 'frame' }));
  const kernel = kernelClass(plan.steps[from].kernel);
  return element('g', { class: `value ${kernel}` }, about, bar(left, y, width, height, { rx, class: 'fill' }));
}

function drawName(value: Held, { y, height }: { y: number; height: number }, plan: Plan, x: (step: number) => number): string {
  if (value.role === 'whole' || value.role === 'rows') return '';
  const { name, placement, from, bytes } = value;
  const { left, width } = spanOf(value, x);
  const tall = height >= TALL;
  const size = Math.min(9, height * 0.7);
  const room = tall ? width - 10 : width - COLUMN - 2;
  const [shape, weight] = [shapeOf(placement), megabytes(bytes)];
  const names = [
    name,
    name.split('.').slice(-2).join('.'),
    ...name
      .split('.')
      .slice(-1)
      .filter(part => /\D/.test(part)),
  ];
  const two = height >= 44;
  const first = fitting([...(two ? [] : [`${name} · ${shape} · ${weight}`, `${name} · ${weight}`]), ...names], size, room);
  const second = two ? fitting([`${shape} · ${weight}`, weight], size, room) : '';
  const start = tall ? left + 6 : x(from) + 8;
  const baseline = tall ? y + 11.5 : y + height / 2 + size * 0.36;
  const style = `font-size:${size.toFixed(1)}px`;
  return element(
    'g',
    { class: kernelClass(plan.steps[from].kernel), 'pointer-events': 'none' },
    first ? label(start, baseline, first, { class: 'on', style }) : '',
    second ? label(start, baseline + 12, second, { class: 'on soft', style }) : '',
  );
}

function shapeOf({ c, h, w }: Placement): string {
  return `${c}×${h}×${w}`;
}

/** What a step reads (open notes) and writes (full ones), on one stem. The stem lies below the names, the notes above. */
function drawChord(step: Step, n: number, heads: ReadonlyMap<string, number>, x: number): { stem: string; notes: string } {
  const [read, written] = [step.reads, step.writes].map(side => used(side).filter(value => heads.has(value)));
  const heights = [...read, ...written].map(value => heads.get(value)!);
  const [top, bottom] = [Math.min(...heights), Math.max(...heights)];
  return {
    stem: bottom > top ? rule(x, top, x, bottom, { class: 'stem', 'pointer-events': 'none' }) : '',
    notes: element(
      'g',
      { class: kernelClass(step.kernel), 'data-step': n, 'pointer-events': 'none' },
      ...read.map(value => element('circle', { cx: x, cy: heads.get(value), r: 3.2, class: 'open' })),
      ...written.map(value => element('circle', { cx: x, cy: heads.get(value), r: 4.2, class: 'dot' })),
    ),
  };
}

function drawHead(plan: Plan, kernels: readonly string[], width: number): string[] {
  const sum = (field: 'macs' | 'bytes'): number => plan.steps.reduce((total, step) => total + step[field], 0);
  const facts = [
    `${plan.size.join('×')} → ${plan.to.join('×')}`,
    storedAs(plan),
    `${plan.steps.length} dispatches of ${pipelines(plan).size} pipelines`,
    `${(sum('macs') / 1e9).toFixed(3)} GMACs`,
    `${megabytes(sum('bytes'))} moved at least`,
    `${megabytes(peakBytes(plan))} of activations in ${plan.slots.length} slots`,
    `plan ${plan.hash}`,
  ];
  const key: string[] = [];
  let [x, y] = [LEFT, 94];
  for (const kernel of kernels) {
    const step = 26 + widthOf(kernel, 11);
    if (x + step > width) [x, y] = [LEFT, y + 16];
    key.push(
      element(
        'g',
        { class: kernelClass(kernel) },
        bar(x, y - 9, 11, 11, { rx: 3, class: 'fill' }),
        label(x + 16, y, kernel, { style: 'font-size:11px' }),
      ),
    );
    x += step;
  }
  const lines = [facts.slice(0, 4), facts.slice(4)].map(line => line.join('  ·  '));
  const one = lines.join('  ·  ');
  const fit = widthOf(one, 13) <= width - LEFT;
  return [
    label(LEFT, 44, plan.model, { class: 'title' }),
    ...(fit ? [one] : lines).map((line, n) => label(LEFT, 66 + n * 17, line, { class: 'sub soft' })),
    // The key gives way when the facts take two lines.
    element('g', fit ? {} : { transform: 'translate(0 14)' }, ...key),
  ];
}

/** Bar lines where a module of the network begins, as the names of the nodes have it. */
function drawMeasures(steps: readonly Step[], top: number, bottom: number, x: (step: number) => number): string[] {
  const names = new Set(steps.map(({ node }) => node));
  const owner = ({ node }: Step): string => {
    const parts = node.split('.');
    const module = parts.map((_, n) => parts.slice(0, n + 1).join('.')).find(path => names.has(path))!;
    const alone = module === node && !steps.some(other => other.node.startsWith(`${module}.`));
    return alone && parts.length > 1 ? parts.slice(0, -1).join('.') : module;
  };
  return steps.flatMap((step, n) => {
    if (n > 0 && owner(steps[n - 1]) === owner(step)) return [];
    let end = n + 1;
    while (end < steps.length && owner(steps[end]) === owner(step)) end++;
    const left = x(n) - COLUMN / 2;
    const wordings = [owner(step), owner(step).replace(/^body\./, ''), owner(step).split('.').slice(-2).join('.')];
    const text = fitting(wordings, 10.5, (end - n) * COLUMN - 6);
    return [
      rule(left, top, left, bottom + 4, { class: 'line' }),
      text ? label(left + 4, top + 8, text, { class: 'soft', style: 'font-size:10.5px' }) : '',
    ];
  });
}

/** Bytes that are alive at each step, under the bytes of all slots. */
function drawMemory(plan: Plan, held: readonly Held[], top: number, right: number, x: (step: number) => number): string[] {
  const alive = plan.steps.map((_, n) =>
    held.reduce(
      (sum, { from, to, role, bytes }) => (role === 'part' || role === 'rows' || n < from || n > to ? sum : sum + bytes),
      0,
    ),
  );
  if (alive.length === 0) return [];
  const all = peakBytes(plan);
  const y = (bytes: number): number => top + MEMORY - (MEMORY * bytes) / Math.max(all, 1);
  const peak = alive.indexOf(Math.max(...alive));
  const outline = alive.map((bytes, n) => `L${x(n) - COLUMN / 2} ${y(bytes).toFixed(1)}H${x(n) + COLUMN / 2}`).join('');
  return [
    label(LEFT - 12, top + 10, 'memory', { class: 'head end' }),
    label(LEFT - 12, top + 25, 'alive, of all slots', { class: 'soft end' }),
    element('path', { d: `M${LEFT} ${top + MEMORY}${outline}V${top + MEMORY}Z`, class: 'area' }),
    rule(LEFT, top + MEMORY, right, top + MEMORY, { class: 'strong' }),
    rule(LEFT, y(all), right, y(all), { class: 'strong dash' }),
    label(right + 8, y(all) + 4, megabytes(all), { class: 'head' }),
    element('circle', { cx: x(peak), cy: y(alive[peak]), r: 3, class: 'open' }),
    label(x(peak) + COLUMN / 2 + 4, y(alive[peak]) + 12, `peak ${megabytes(alive[peak])} at step ${peak}`, {}),
  ];
}

/** Multiply-adds upwards, bytes downwards: who is bound by what. */
function drawWork(steps: readonly Step[], top: number, right: number, x: (step: number) => number): string[] {
  const most = (field: 'macs' | 'bytes'): number => Math.max(1, ...steps.map(step => step[field]));
  const [macs, bytes] = [most('macs'), most('bytes')];
  const zero = top + WORK;
  return [
    label(LEFT - 12, zero - 24, 'multiply-adds', { class: 'head end' }),
    label(LEFT - 12, zero - 10, `up to ${(macs / 1e6).toFixed(0)} M a step`, { class: 'soft end' }),
    label(LEFT - 12, zero + 20, 'bytes moved', { class: 'head end' }),
    label(LEFT - 12, zero + 34, `up to ${megabytes(bytes)} a step`, { class: 'soft end' }),
    ...steps.map((step, n) =>
      element(
        'g',
        { class: kernelClass(step.kernel) },
        bar(x(n) - 9, zero - (WORK * step.macs) / macs, 18, (WORK * step.macs) / macs, { class: 'solid' }),
        bar(x(n) - 9, zero, 18, (WORK * step.bytes) / bytes, { class: 'solid', opacity: 0.5 }),
      ),
    ),
    rule(LEFT, zero, right, zero, { class: 'strong' }),
  ];
}

/** Five lines, as musicians have them. */
function drawStaff(slot: number, bytes: number, top: number, height: number, right: number): string[] {
  return [
    ...Array.from({ length: 5 }, (_, n) => rule(LEFT, top + (height * n) / 4, right, top + (height * n) / 4, { class: 'line' })),
    label(
      LEFT - 12,
      top + height / 2 + (height > 26 ? -2 : 4),
      height > 26 ? `slot ${slot}` : `slot ${slot} · ${megabytes(bytes)}`,
      { class: 'head end' },
    ),
    height > 26 ? label(LEFT - 12, top + height / 2 + 13, megabytes(bytes), { class: 'soft end' }) : '',
  ];
}

function describe(plan: Plan, step: Step, n: number): string {
  const list = (side: Step['reads']): string => used(side).join(', ') || 'nothing';
  return [
    `step ${n}: ${step.node}`,
    pipelineKey(step, plan.precision),
    `${step.grid.join('×')} workgroups`,
    step.macs ? `${(step.macs / 1e6).toFixed(2)} M multiply-adds, ${megabytes(step.bytes)}` : megabytes(step.bytes),
    `reads ${list(step.reads)}`,
    `writes ${list(step.writes)}`,
  ].join('\n');
}
