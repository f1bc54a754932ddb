// `bench --html`: a run as a page that people pass on.
import { percent } from '../src/cli/output.ts';
import { commandLine, htmlTable, paragraph, reportPage, type Section, scrolled } from '../src/report/page.ts';
import { drawChart } from './chart.ts';
import type { Result } from './measure.ts';
import type { Report } from './report.ts';

/** `words`: of the command line. */
export function benchPage(report: Report, words: readonly string[]): string {
  const { adapter, limits, results, peers, against, scaling, precisions } = report;
  const { software } = limits;
  const sections: (Section | null)[] = [
    results.length > 0 ? { heading: 'Frames', body: [frames(results)] } : null,
    results.length > 0
      ? { heading: 'Where the time goes', body: [scrolled(drawChart({ adapter, software, results, peers }))] }
      : null,
    results.length > 0 ? { heading: 'Work, and how it was checked', body: [work(results)] } : null,
    peers.length > 0 ? { heading: 'Beside other engines', body: [beside(report)] } : null,
    against.length > 0 ? { heading: 'Beside another checkout', body: [checkouts(report)] } : null,
    scaling.length > 0 ? { heading: 'Sizes', body: [sizes(report)] } : null,
    precisions.length > 0 ? { heading: 'Precisions', body: [inTurns(report)] } : null,
    ...results.map(steps),
    { heading: 'Adapter', body: [about(report)] },
    {
      heading: 'How to repeat',
      body: [
        commandLine('npx atrous bench', words),
        paragraph(`Node ${report.node}. The same adapter and driver give the same plan; times differ from run to run.`),
      ],
    },
  ];
  const lead = [adapter, ...(software ? ['A software adapter: figures prove ratios, not speed.'] : [])];
  const models = [...new Set([...results, ...against].map(({ model }) => model))];
  return reportPage(
    `Benchmark of ${models.join(', ')}`,
    lead,
    sections.filter(section => section !== null),
  );
}

const ms = (value: number): string => value.toFixed(value < 100 ? 2 : 0);

function frames(results: readonly Result[]): string {
  const head = [
    'model',
    'size',
    'precision',
    'FPS',
    'several in flight',
    'median ms',
    'p95 ms',
    'on the adapter ms',
    'first frame ms',
    'of the limit',
    'CPU reference',
  ];
  const rows = results.map(({ model, size, precision, fps, throughput_fps, wall_ms, gpu_ms, first_frame_ms, roofline, ratio }) => [
    ...[model, size, precision, fps.toFixed(2), throughput_fps.toFixed(2), ms(wall_ms.median), ms(wall_ms.p95)],
    ...[gpu_ms ? ms(gpu_ms.median) : '–', first_frame_ms.toFixed(0), percent(roofline), ratio === null ? '–' : `${ratio}×`],
  ]);
  return htmlTable(
    head,
    rows,
    'A frame goes from bytes in memory to a class map in memory; the first one with loading and compilation.',
  );
}

function work(results: readonly Result[]): string {
  const head = [
    'model',
    'size',
    'dispatches',
    'pipelines',
    'GMACs',
    'MB moved',
    'peak MB',
    'plan',
    'classes equal',
    'logits within',
    'against',
  ];
  const rows = results.map(({ model, size, dispatches, pipelines, macs, bytes, peak_bytes, plan, agreement }) => [
    ...[model, size, String(dispatches), String(pipelines), (macs / 1e9).toFixed(3), (bytes / 1e6).toFixed(1)],
    ...[
      (peak_bytes / 1e6).toFixed(1),
      plan,
      percent(agreement.classes),
      agreement.logits_error.toExponential(1),
      agreement.against,
    ],
  ]);
  return htmlTable(head, rows);
}

function beside({ peers }: Report): string {
  const head = ['engine', 'provider', 'model', 'size', 'median ms', 'ours in turns ms', 'ratio', 'classes agree', ''];
  const rows = peers.map(({ engine, version, provider, model, size, wall_ms, ours, ratio, agreement, reason }) => [
    ...[[engine, version].filter(Boolean).join(' '), provider, model, size],
    ...[wall_ms ? ms(wall_ms.median) : '–', ours?.wall_ms ? ms(ours.wall_ms.median) : '–'],
    ...[ratio === null ? '–' : `${ratio}×`, agreement === null ? '–' : percent(agreement), reason ?? ''],
  ]);
  return htmlTable(head, rows, 'Frames of both in turns; no ratio unless the classes agree.');
}

function checkouts({ against }: Report): string {
  const head = ['checkout', 'model', 'size', 'precision', 'here ms', 'there ms', 'ratio', 'quartiles', 'classes agree'];
  const rows = against.map(({ checkout, model, size, precision, here, there, ratio, agreement }) => [
    ...[checkout, model, size, precision, ms(here.wall_ms.median), ms(there.wall_ms.median)],
    ...[`${ratio.median}×`, ratio.quartiles.join('–'), percent(agreement)],
  ]);
  return htmlTable(head, rows, 'Frames of both in turns, medians.');
}

function sizes({ scaling }: Report): string {
  const head = ['model', 'size', 'of', 'time of a pixel', 'on the adapter', 'rounds'];
  const rows = scaling.map(({ model, size, base, wall, gpu, n }) => [
    model,
    size,
    base,
    String(wall),
    gpu === null ? '–' : String(gpu),
    String(n),
  ]);
  return htmlTable(head, rows, 'How long a pixel takes at one size, where it takes 1 at the other.');
}

function inTurns({ precisions }: Report): string {
  const rows = precisions.flatMap(({ model, size, ms: times, n }) =>
    Object.entries(times).map(([precision, time]) => [model, size, precision, String(time), String(n)]),
  );
  return htmlTable(['model', 'size', 'precision', 'median ms', 'frames'], rows, 'On the adapter, frames in turns.');
}

function steps({ model, size, steps }: Result): Section | null {
  if (!steps) return null;
  const rows = steps.map(({ node, pipeline, us, floor_us, macs, bytes }) => [
    ...[node, pipeline, us.toFixed(1), floor_us.toFixed(1), percent(floor_us / us)],
    ...[(macs / 1e6).toFixed(2), (bytes / 1e6).toFixed(2)],
  ]);
  const table = htmlTable(
    ['step', 'pipeline', 'µs', 'least µs', 'share', 'MMACs', 'MB'],
    rows,
    'The least is what the adapter’s own limits allow.',
  );
  return { heading: `Steps of ${model} ${size}`, body: [table] };
}

function about({ adapter, limits, toggles }: Report): string {
  const { multiply_add_gflops, copy_gb_per_s, dispatch_us, features, software } = limits;
  const rows = [
    ['adapter', `${adapter}${software ? ' (software)' : ''}`],
    ['multiply-adds', `${multiply_add_gflops} GFLOP/s`],
    ['copies', `${copy_gb_per_s} GB/s`],
    ['an empty dispatch', `${dispatch_us} µs`],
    ['features', features.join(', ')],
    ['Dawn toggles', [...toggles.enable.map(name => `+${name}`), ...toggles.disable.map(name => `-${name}`)].join(', ') || 'none'],
  ];
  return htmlTable(['', 'measured in this run'], rows);
}
