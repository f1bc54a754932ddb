// A run as a picture: the time of every step over the least that the adapter's own limits allow, where the time goes by kernel, and
// who else was timed beside.

import { bar, element, fitting, kernelClass, label, page, rule, tip, widthOf } from '../src/plan/svg.ts';
import type { Result, StepTime } from './measure.ts';
import type { Peer } from './peers.ts';

export interface Charted {
  readonly adapter: string;
  readonly software: boolean;
  readonly results: readonly Result[];
  readonly peers: readonly Peer[];
}

/** Pixels. */
const LEFT = 84;
const RIGHT = 40;
const COLUMN = 12.5;
/** Six figures beside each other, each over its words. */
const NARROWEST = 960;
const PLOT = 250;
/** Below the bars: a bracket and a name under it. A name that hangs takes more. */
const NAMES = 34;
/** What a name leaves free of its bracket, both sides together. */
const MARGIN = 24;
/** Letters of a name that hangs, and how steeply, in degrees. */
const HUNG = 20;
const SLOPE = 50;
const ROW = 21;
const HEAD = 112;

const STYLE = [
  '.fill{stroke-width:.8}.line{stroke-width:.6}.figure{font-size:21px;font-weight:600}.hit{fill:transparent}',
  '.step:hover .hit{fill:#888;fill-opacity:.16}.row{font-size:11.5px}',
].join('');

/** SVG 1.1 with a light and a dark look; a pointer over a step tells all about it. */
export function drawChart({ adapter, software, results, peers }: Charted): string {
  const columns = Math.max(0, ...results.map(({ steps }) => steps?.length ?? 0));
  const width = Math.max(NARROWEST, columns * COLUMN) + LEFT + RIGHT;
  const kernels = [...new Set(results.flatMap(({ steps }) => steps?.map(({ kernel }) => kernel) ?? []))];
  const body: string[] = [
    label(LEFT, 44, 'Time of every step over its floor', { class: 'title' }),
    label(LEFT, 66, `${adapter}${software ? '  ·  a software adapter: shares count, times do not' : ''}`, { class: 'sub soft' }),
    ...drawKey(LEFT, 88),
  ];
  let y = HEAD;
  for (const result of results) {
    const beside = peers.filter(({ model, size, wall_ms }) => model === result.model && size === result.size && wall_ms);
    const panel = drawResult(result, beside, width);
    body.push(element('g', { transform: `translate(0 ${Math.round(y)})` }, ...panel.body));
    y += panel.height;
  }
  return page({ width, height: y + 20, title: `atrous bench on ${adapter}`, kernels, style: STYLE }, body);
}

interface Panel {
  readonly body: string[];
  readonly height: number;
}

function drawResult(result: Result, beside: readonly Peer[], width: number): Panel {
  const { model, size, precision, steps } = result;
  const body = [
    rule(LEFT, 0, width - RIGHT, 0, { class: 'line' }),
    label(LEFT, 28, model, { style: 'font-size:17px;font-weight:600' }),
    label(LEFT + widthOf(model, 17) + 14, 28, `${size.replace('x', ' × ')}  ·  ${precision}  ·  plan ${result.plan}`, {
      class: 'sub soft',
    }),
    ...drawFigures(result, width),
  ];
  let y = 108;
  const add = (panel: Panel): void => {
    body.push(element('g', { transform: `translate(0 ${y})` }, ...panel.body));
    y += panel.height;
  };
  if (steps?.length) {
    add(drawSteps(steps, width));
    add(drawKernels(steps, width));
  } else {
    body.push(label(LEFT, y, 'no timestamps on this adapter, so no times of steps', { class: 'sub soft' }));
    y += 30;
  }
  if (beside.length > 0) add(drawPeers(result, beside, width));
  return { body, height: y + 12 };
}

function drawFigures(result: Result, width: number): string[] {
  const { gpu_ms: gpu, wall_ms: wall, cpu_reference: cpu } = result;
  const figures: [string, string][] = [
    [`${figure(result.fps)}`, 'frames a second'],
    [milliseconds(wall.median), 'a frame, memory to memory'],
    [gpu ? milliseconds(gpu.median) : '–', 'a frame on the adapter'],
    [result.ratio === null ? '–' : `${figure(result.ratio)} ×`, `the CPU reference${cpu?.extrapolated ? ', scaled' : ''}`],
    [`${(result.roofline * 100).toFixed(0)} %`, 'of the adapter’s own limits'],
    [milliseconds(result.first_frame_ms), 'to the first frame'],
  ];
  const step = (width - LEFT - RIGHT) / figures.length;
  return figures.flatMap(([value, what], n) => [
    label(LEFT + n * step, 64, value, { class: 'figure' }),
    label(LEFT + n * step, 80, what, { class: 'soft' }),
  ]);
}

/** Bars of time, the floor of each solid at its foot, in the plan's order. */
function drawSteps(steps: readonly StepTime[], width: number): Panel {
  const column = (width - LEFT - RIGHT) / steps.length;
  const most = Math.max(...steps.map(({ us, floor_us }) => Math.max(us, floor_us)));
  const tick = niceStep(most / 4);
  const top = tick * Math.ceil(most / tick);
  const y = (us: number): number => PLOT - (PLOT * us) / top;
  const ticks = Array.from({ length: Math.round(top / tick) + 1 }, (_, n) => n * tick);
  const bars = steps.map((step, n) => {
    const x = LEFT + n * column;
    const [inset, wide] = [column * 0.12, column * 0.76];
    return element(
      'g',
      { class: `step ${kernelClass(step.kernel)}` },
      tip(describe(step, n)),
      bar(x, 0, column, PLOT + NAMES, { class: 'hit' }),
      bar(x + inset, y(step.us), wide, PLOT - y(step.us), { class: 'fill', rx: 1.5 }),
      bar(x + inset, y(step.floor_us), wide, PLOT - y(step.floor_us), { class: 'solid' }),
    );
  });
  const modules = drawModules(steps, column);
  return {
    body: [
      ...ticks.flatMap(us => [
        rule(LEFT, y(us), width - RIGHT, y(us), { class: us === 0 ? 'strong' : 'line' }),
        label(LEFT - 8, y(us) + 3.5, us === 0 ? '0' : time(us), { class: 'end soft' }),
      ]),
      ...bars,
      ...modules.body,
    ],
    height: PLOT + modules.height,
  };
}

/** A bracket under the steps of each module of the network; names where they fit, hung where they do not. */
function drawModules(steps: readonly StepTime[], column: number): Panel {
  // The body has stages, which have names of their own.
  const module = ({ node }: StepTime): string =>
    node
      .split('.')
      .slice(0, node.startsWith('body.') ? 2 : 1)
      .join('.');
  const body: string[] = [];
  let height = NAMES;
  for (let from = 0; from < steps.length; ) {
    let to = from + 1;
    while (to < steps.length && module(steps[to]) === module(steps[from])) to++;
    const [left, right] = [LEFT + from * column + 2, LEFT + to * column - 2];
    const middle = (left + right) / 2;
    const name = module(steps[from]).replace(/^body\./, '');
    // Room for the beginning of one that hangs beside it.
    const text = fitting([name, name.split('.').at(-1)!], 10, right - left - MARGIN);
    body.push(rule(left, PLOT + 7, right, PLOT + 7, { class: 'strong' }));
    if (text) body.push(label(middle, PLOT + 20, text, { class: 'mid soft' }));
    else {
      const hung = name.length > HUNG ? `…${name.slice(1 - HUNG)}` : name;
      const transform = `translate(${middle + 3} ${PLOT + 17}) rotate(-${SLOPE})`;
      body.push(label(0, 0, hung, { class: 'end soft', transform }));
      height = Math.max(height, NAMES + widthOf(hung, 10) * Math.sin((SLOPE * Math.PI) / 180));
    }
    from = to;
  }
  return { body, height };
}

/** Where the time goes: a bar a kernel, its floor solid, the largest first. */
function drawKernels(steps: readonly StepTime[], width: number): Panel {
  const kernels = [...new Set(steps.map(({ kernel }) => kernel))].map(kernel => {
    const own = steps.filter(step => step.kernel === kernel);
    const sum = (field: 'us' | 'floor_us'): number => own.reduce((total, step) => total + step[field], 0);
    return { kernel, us: sum('us'), floor: sum('floor_us'), count: own.length };
  });
  kernels.sort((a, b) => b.us - a.us);
  const all = kernels.reduce((total, { us }) => total + us, 0);
  const most = Math.max(...kernels.map(({ us, floor }) => Math.max(us, floor)));
  const start = LEFT + 84;
  const room = width - RIGHT - start - 262;
  const rows = kernels.map(({ kernel, us, floor, count }, n) => {
    const y = 34 + n * ROW;
    const long = (room * us) / most;
    const text = `${time(us)}  ·  ${((us / all) * 100).toFixed(us / all < 0.1 ? 1 : 0)} % of the time  ·  ${count} ${count === 1 ? 'step' : 'steps'}`;
    return element(
      'g',
      { class: kernelClass(kernel) },
      tip(`${kernel}: ${time(us)}, floor ${time(floor)} (${((floor / us) * 100).toFixed(1)} %)`),
      label(start - 10, y + 10.5, kernel, { class: 'end row' }),
      bar(start, y, Math.max(long, 1), 14, { class: 'fill', rx: 2 }),
      bar(start, y, (room * floor) / most, 14, { class: 'solid' }),
      label(start + Math.max(long, (room * floor) / most) + 8, y + 10.5, text, { class: 'row soft' }),
    );
  });
  return {
    body: [label(LEFT, 18, 'by kernel', { class: 'head' }), ...rows],
    height: 34 + kernels.length * ROW + 16,
  };
}

function drawKey(x: number, y: number): string[] {
  return [
    bar(x, y - 9, 10, 10, { class: 'area', opacity: 0.35 }),
    label(x + 15, y, 'time taken', { class: 'soft' }),
    bar(x + 80, y - 9, 10, 10, { class: 'area' }),
    label(x + 95, y, 'floor: multiply-adds or bytes at the rates measured in the same run', { class: 'soft' }),
  ];
}

/** Medians of the frames in turns; each pair of bars is one comparison. */
function drawPeers(result: Result, peers: readonly Peer[], width: number): Panel {
  const rows = peers.flatMap(({ engine, provider, wall_ms: theirs, ours, ratio }) => [
    { name: 'atrous', ms: ours!.wall_ms!.median, own: true, text: ratio === null ? '' : `${figure(ratio)} × as fast` },
    { name: `${engine} ${provider}`, ms: theirs!.median, own: false, text: '' },
  ]);
  const most = Math.max(...rows.map(({ ms }) => ms));
  const start = LEFT + 150;
  const room = width - RIGHT - start - 190;
  const drawn = rows.flatMap(({ name, ms, own, text }, n) => {
    const y = 34 + n * 17 + Math.floor(n / 2) * 10;
    const long = Math.max((room * ms) / most, 1);
    return [
      label(start - 10, y + 10, name, { class: 'end row' }),
      bar(start, y, long, 12, { class: 'area', rx: 2, opacity: own ? 1 : 0.35 }),
      label(start + long + 8, y + 10, [milliseconds(ms), text].filter(Boolean).join('  ·  '), { class: own ? 'row' : 'row soft' }),
    ];
  });
  const title = `beside others at ${result.size}, a frame, in turns`;
  return { body: [label(LEFT, 18, title, { class: 'head' }), ...drawn], height: 34 + rows.length * 17 + peers.length * 10 + 8 };
}

function describe({ node, pipeline, us, floor_us: floor, macs, bytes }: StepTime, n: number): string {
  return [
    `step ${n}: ${node}`,
    pipeline,
    `${time(us)}, floor ${time(floor)} (${((floor / us) * 100).toFixed(1)} %)`,
    `${(macs / 1e6).toFixed(1)} M multiply-adds, ${(bytes / 1e6).toFixed(2)} MB`,
  ].join('\n');
}

/** 1, 2 or 5 times a power of ten, not below. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map(factor => factor * power).find(step => step >= least)!;
}

/** Three digits that count. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3).replace(/\.?0+$/, '');
}

function time(us: number): string {
  return us >= 1000 ? milliseconds(us / 1000) : `${figure(us)} µs`;
}

function milliseconds(ms: number): string {
  return ms >= 10_000 ? `${figure(ms / 1000)} s` : `${figure(ms)} ms`;
}
