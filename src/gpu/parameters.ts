// Other parameters for a program that is made already.
import { BINDING } from '../graph/layout.ts';
import { type Params, packParams } from '../shader/pack.ts';
import type { Program } from './executor.ts';

/** As a step's shader reads them. */
export function packed({ engine, plan }: Program, step: number, params: Params): ArrayBuffer {
  const { shader } = plan.steps[step];
  return packParams(engine.library.facts(shader, plan.precision), params, shader);
}

/** For a step, from the next submission on. */
export function update(program: Program, step: number, params: Params): void {
  program.engine.device.queue.writeBuffer(program.parameters, step * BINDING, packed(program, step, params));
}

/** The same within an encoder, from that point of it on: packed parameters that lie in a buffer. */
export function updateFrom(
  { engine, plan, parameters }: Program,
  encoder: GPUCommandEncoder,
  step: number,
  from: GPUBuffer,
  offset: number,
): void {
  const { size } = engine.library.facts(plan.steps[step].shader, plan.precision).params;
  encoder.copyBufferToBuffer(from, offset, parameters, step * BINDING, size);
}
