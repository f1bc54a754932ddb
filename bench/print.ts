// A run as lines of text.

import { percent } from '../src/cli/output.ts';
import { table } from '../src/plan/print.ts';
import type { Against } from './against.ts';
import type { Result } from './measure.ts';
import type { Peer } from './peers.ts';
import type { Precisions } from './precisions.ts';
import type { Scaling } from './scaling.ts';
import type { Tuning } from './tune.ts';

export function printResult(result: Result, software: boolean): string {
  const { wall_ms: wall, gpu_ms: gpu, cpu_reference: cpu, agreement, first_frame: first, ms_per_mp: pixel } = result;
  const { trust } = agreement;
  const checked = trust ? `plain rows = CPU reference at ${trust.size} (within ${trust.error.toExponential(1)}); ` : '';
  const lines = [
    '',
    `${result.model} ${result.size} ${result.precision}${software ? ' (software adapter)' : ''}`,
    `  checked      ${checked}classes equal ${percent(agreement.classes)}, logits within ${agreement.logits_error.toExponential(1)} (against ${agreement.against})`,
    `  wall         median ${wall.median.toFixed(2)} ms, min ${wall.min.toFixed(2)}, p95 ${wall.p95.toFixed(2)}, n ${wall.n}: ${result.fps.toFixed(2)} FPS, ${result.throughput_fps.toFixed(2)} with several in flight`,
    `  gpu          ${gpu ? `median ${gpu.median.toFixed(2)} ms, min ${gpu.min.toFixed(2)}, p95 ${gpu.p95.toFixed(2)}` : 'no timestamps on this adapter'}`,
    `  by the pixel ${pixel.wall} ms a megapixel${pixel.gpu === null ? '' : `, ${pixel.gpu} on the adapter`}`,
    cpu
      ? `  reference    CPU ${cpu.fps} FPS (${cpu.extrapolated ? `measured at ${cpu.size}, scaled by MACs` : 'measured at this size'}): ${result.ratio}× as fast`
      : '  reference    none: the CPU reference would take minutes; --peers compares with others',
    `  work         ${result.dispatches} dispatches, ${result.pipelines} pipelines, ${(result.macs / 1e9).toFixed(3)} GMACs, ${(result.bytes / 1e6).toFixed(1)} MB moved, peak ${(result.peak_bytes / 1e6).toFixed(1)} MB, plan ${result.plan}`,
    `  roofline     ${percent(result.roofline)} of what the adapter's own limits allow`,
    `  first frame  ${result.first_frame_ms.toFixed(0)} ms (load ${first.load_ms.toFixed(0)}, compile ${first.compile_ms.toFixed(0)}, run ${first.run_ms.toFixed(0)})`,
  ];
  return lines.join('\n');
}

export function printSteps({ steps }: Result): string {
  if (!steps) return '  steps        no timestamps on this adapter';
  const rows = steps.map(({ node, pipeline, us, floor_us: floor, macs }) => [
    node,
    pipeline,
    us.toFixed(us < 100 ? 1 : 0),
    floor.toFixed(floor < 100 ? 1 : 0),
    percent(floor / us),
    ((2 * macs) / us / 1e3).toFixed(2),
  ]);
  return `\n${table(['step', 'pipeline', 'µs', 'floor µs', 'share', 'GFLOP/s'], rows)}`;
}

export function printScaling({ model, base, size, gpu, wall, n }: Scaling): string {
  const adapter = gpu === null ? '' : `, on the adapter ${gpu}`;
  return `scaling  ${model}: a pixel at ${size} takes ${wall} of the time of one at ${base}${adapter} (frames in turns, ${n} rounds)`;
}

export function printPrecisions({ model, size, ms, n }: Precisions): string {
  const each = Object.entries(ms).map(([precision, time]) => `${precision} ${time}`);
  return `precisions ${model} ${size}: ${each.join(', ')} ms on the adapter (in turns, median of ${n})`;
}

export function printPeer({
  engine,
  version,
  provider,
  wall_ms: theirs,
  ours,
  tail,
  agreement,
  own_agreement: own,
  first_run_ms,
  load_ms,
  ratio,
  reason,
}: Peer): string {
  const who = `peer     ${engine}${version ? ` ${version}` : ''} ${provider}`;
  if (!theirs || !ours?.wall_ms) return `${who}: no ratio: ${reason}`;
  return [
    `${who}: median ${theirs.median.toFixed(2)} ms (n ${theirs.n}, ends with ${tail}), ours in turns ${ours.wall_ms.median.toFixed(2)} ms: ${ratio}× as fast`,
    `         first run ${(load_ms! + first_run_ms!).toFixed(0)} ms with loading, ours ${(ours.load_ms + ours.first_run_ms).toFixed(0)} ms; classes agree on ${percent(agreement!)}`,
    ...(own === null
      ? []
      : [`         other numbers than its own CPU provider, with which ${percent(own)} of its classes agree, and ours do`]),
  ].join('\n');
}

export function printAgainst({ checkout, model, size, precision, variants, here, there, agreement, ratio }: Against): string {
  const { median, quartiles, pairs } = ratio;
  const first = (side: Against['here']): string => `${side.first_frame_ms.toFixed(0)} ms`;
  return [
    `against  ${checkout}: ${model} ${size} ${precision}, variants ${variants}`,
    `         median ${here.wall_ms.median.toFixed(2)} ms, there ${there.wall_ms.median.toFixed(2)}: ratio ${median} (quartiles ${quartiles.join('–')}, ${pairs} pairs in turns)`,
    `         first frame with loading ${first(here)}, there ${first(there)}; classes agree on ${percent(agreement)}; plans ${here.plan} and ${there.plan}`,
    ...(here.on === there.on ? [] : [`         adapters differ: ${here.on}; ${there.on}`]),
  ].join('\n');
}

/** A line a kind and size. */
export function printTuning(tuning: Tuning): string {
  const rows = Object.entries(tuning).flatMap(([kind, sizes]) =>
    Object.entries(sizes).map(([scale, { fastest, us, steps, at }]) => [
      kind,
      `2^${scale}`,
      fastest,
      Object.entries(us)
        .map(([name, time]) => `${name} ${time}`)
        .join(', '),
      String(steps),
      at,
    ]),
  );
  if (rows.length === 0) return 'tuning   no kernel of this plan has two variants that run here';
  return table(['kind', 'pixels', 'fastest', 'µs of all its steps', 'steps', 'of'], rows);
}
