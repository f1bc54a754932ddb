// Where a frame's time goes: every step in a pass of its own, held against what the adapter can do, beside all steps in one pass.

import { floorOf, type MeasuredLimits, measureLimits } from '../gpu/roofline.ts';
import { gpuTimes, statistics, stepSamples } from '../gpu/timing.ts';
import type { Staged } from '../pipeline.ts';
import type { AdapterFacts } from '../plan/choose.ts';
import type { Precision } from '../shader/source.ts';

export interface ProfileStep {
  /** The graph's node, its kernel and the variant that makes it here. */
  readonly node: string;
  readonly kernel: string;
  readonly variant: string;
  /** Microseconds, the median of five; null on a device without timestamps. */
  readonly us: number | null;
  readonly macs: number;
  /** Read and written. */
  readonly bytes: number;
  /** The time that the adapter's measured limits allow at least, over the time taken: 1 is the limit itself. */
  readonly share: number | null;
}

export interface Profile {
  readonly model: string;
  readonly adapter: string;
  readonly software: boolean;
  readonly precision: Precision | 'int8';
  /** Inside the network. */
  readonly height: number;
  readonly width: number;
  /** Of several tiles the steps are the first one's, and the end's. */
  readonly tiles: number;
  readonly steps: readonly ProfileStep[];
  /** Of the steps' times. */
  readonly sumUs: number | null;
  /** All steps in one pass, as frames run: passes between steps cost time of their own, so it is less than the sum. */
  readonly passUs: number | null;
  /** What the adapter was measured to do just before. */
  readonly limits: MeasuredLimits;
  /** A table. */
  toString(): string;
}

const ROUNDS = 5;

const methods = {
  toString(this: Profile): string {
    const number = (value: number | null, digits = 0): string => (value === null ? '–' : value.toFixed(digits));
    const rows = this.steps.map(({ node, kernel, variant, us, macs, bytes, share }) => [
      node,
      `${kernel}/${variant}`,
      number(us),
      number(macs / 1e6, 1),
      number(bytes / 1e6, 2),
      share === null ? '–' : `${number(share * 100)} %`,
    ]);
    const table = [['step', 'kernel', 'µs', 'million MACs', 'MB', 'of the limit'], ...rows];
    const widths = table[0].map((_, column) => Math.max(...table.map(row => row[column].length)));
    const lines = table.map(row =>
      row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  '),
    );
    const { model, height, width, precision, adapter, software } = this;
    const where = `${adapter}${software ? ', software' : ''}`;
    return [
      `${model} ${height}×${width}, ${precision}, on ${where}`,
      ...lines,
      `sum ${number(this.sumUs)} µs, in one pass ${number(this.passUs)} µs`,
    ].join('\n');
  },
};

/** Measured once for a device. */
const known = new WeakMap<GPUDevice, Promise<MeasuredLimits>>();

/** Takes about a second for the adapter's limits when it is first called, and ten frames. */
export async function profile(
  device: GPUDevice,
  facts: AdapterFacts,
  staged: readonly Staged[],
  about: Pick<Profile, 'model' | 'precision' | 'height' | 'width' | 'tiles'>,
): Promise<Profile> {
  const measuring = known.get(device) ?? measureLimits(device, facts.software);
  known.set(device, measuring);
  const limits = await measuring;
  const steps: ProfileStep[] = [];
  let passUs: number | null = 0;
  for (const { program, frame } of staged) {
    const whole = await gpuTimes(device, program, ROUNDS, frame);
    passUs = whole === null || passUs === null ? null : passUs + statistics(whole).median * 1e3;
    const samples = await stepSamples(device, [program], ROUNDS, frame);
    for (const [index, step] of program.plan.steps.entries()) {
      const { node, kernel, variant, macs, bytes } = step;
      const us = samples && statistics(samples[0][index]).median / 1e3;
      steps.push({ node, kernel, variant, us, macs, bytes, share: us ? (floorOf(step, limits) * 1e6) / us : null });
    }
  }
  const sumUs = steps.reduce<number | null>((sum, { us }) => (sum === null || us === null ? null : sum + us), 0);
  const { name: adapter, software } = facts;
  return Object.assign(Object.create(methods), { ...about, adapter, software, steps, sumUs, passUs, limits });
}
