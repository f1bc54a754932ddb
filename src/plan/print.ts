// A plan as a table: a line a step, and what it all costs.
import { guarded } from '../check.ts';
import type { Placement } from '../graph/layout.ts';
import { type Plan, peakBytes, pipelineKey, pipelines } from './plan.ts';

/** Throws `BAD_USAGE` for what is no plan. */
export function printPlan(plan: Plan): string {
  return guarded("printPlan()'s plan (such as model.plan)", () => print(plan));
}

function print(plan: Plan): string {
  const rows = plan.steps.map((step, index) => {
    const output = Object.values(step.writes).find(isValue)!;
    return [
      String(index),
      step.node,
      pipelineKey(step, plan.precision),
      shape(plan.values[output]),
      step.grid[1] > 1 ? step.grid.join('×') : String(step.grid[0]),
      Object.values(step.reads).filter(isValue).map(place).join(' ') || '–',
      Object.values(step.writes).filter(isValue).map(place).join(' '),
      step.macs ? (step.macs / 1e6).toFixed(2) : '',
      (step.bytes / 1e6).toFixed(2),
    ];
  });
  function isValue(value: string | null): value is string {
    return value !== null && value in plan.values;
  }
  function place(value: string): string {
    const { slot, offset } = plan.values[value];
    return offset ? `${slot}+${offset * 4}` : String(slot);
  }
  return [
    `${plan.model}  input ${plan.size.join('×')}  output ${plan.to.join('×')}  ${storedAs(plan)}  frame from a ${plan.stem}`,
    '',
    table(['step', 'node', 'pipeline', 'c×h×w', 'workgroups', 'reads', 'writes', 'MMACs', 'MB'], rows),
    '',
    `slots of bytes: ${plan.slots.map((bytes, slot) => `${slot}: ${bytes}`).join(', ')}`,
    summarise(plan),
  ].join('\n');
}

/** How maps are stored, in words for people; pipelines are named by the codec alone. */
export function storedAs({ precision, steps }: Plan): string {
  if (precision !== 'block') return precision;
  const wide = steps.filter(({ codec }) => codec === 'f32').length;
  return `half as blocks (four numbers of 14 bits under one step)${wide ? `, float32 in ${wide} steps` : ''}`;
}

/** The last lines of the table: figures that a change of the planner moves. */
export function summarise(plan: Plan): string {
  const sum = (field: 'macs' | 'bytes'): number => plan.steps.reduce((total, step) => total + step[field], 0);
  return [
    `dispatches: ${plan.steps.length}`,
    `distinct pipelines: ${pipelines(plan).size}`,
    `GMACs: ${(sum('macs') / 1e9).toFixed(3)}`,
    `bytes moved at least: ${(sum('bytes') / 1e6).toFixed(1)} MB`,
    `peak activations: ${(peakBytes(plan) / 1e6).toFixed(1)} MB in ${plan.slots.length} slots`,
    `plan: ${plan.hash}`,
  ].join('\n');
}

function shape({ c, h, w }: Placement): string {
  return `${c}×${h}×${w}`;
}

/** Columns as wide as their widest cell; cells that are numbers are set right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column].length)));
  const right = head.map((_, column) => rows.length > 0 && rows.every(row => /^[\d.,%–-]*$/.test(row[column])));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
