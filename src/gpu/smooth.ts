// A program whose scores are averaged over its frames: what they have left, and the dispatch that mixes the next one in, right before the step that makes classes.
import { smooth } from '../kernels/smooth.ts';
import { pipelineKey } from '../plan/plan.ts';
import { packParams } from '../shader/pack.ts';
import { compile, type Engine, type Interlude, type Program, scoped } from './executor.ts';
import { BufferUsage } from './flags.ts';

export interface Smoother extends Interlude {
  /** Share of the frame that is submitted next: 1 forgets all before. */
  weigh(share: number): void;
  destroy(): void;
}

/** Throws `LIMIT` when the device has no memory left. */
export async function smoother(
  { device, library, ...engine }: Engine,
  program: Pick<Program, 'plan' | 'buffer'>,
): Promise<Smoother> {
  const { plan } = program;
  const { name } = smooth;
  const step = plan.steps.findIndex(({ writes }) => Object.values(writes).includes('classes'));
  const value = plan.steps[step].reads.x!;
  const { h, w, stride, start, kind } = plan.values[value];
  const precision = kind === 'exact' ? 'f32' : plan.precision;
  await library.load([name], precision);
  const quads = h * w * stride;
  const same = { shader: name, overrides: {}, store: 'f32' } as const;
  const { pipeline, layout } = await compile({ device, library, ...engine }, same, precision, pipelineKey(same, precision));
  const facts = library.facts(name, precision);
  const pack = (share: number): ArrayBuffer => packParams(facts, smooth.params({ quads, share }), name);
  const [kept, uniform] = await scoped(device, plan, () => {
    const left = device.createBuffer({ label: 'smooth', size: quads * 16, usage: BufferUsage.STORAGE });
    const usage = BufferUsage.UNIFORM | BufferUsage.COPY_DST;
    return [left, device.createBuffer({ label: 'smooth', size: pack(1).byteLength, usage })];
  });
  const y = { buffer: program.buffer(value), offset: start };
  const resources: Readonly<Record<string, GPUBindingResource>> = { params: { buffer: uniform }, kept: { buffer: kept }, y };
  const entries = facts.bindings.map(({ binding, name: word }) => ({ binding, resource: resources[word] }));
  const group = device.createBindGroup({ label: name, layout, entries });
  const groups = Math.ceil(quads / Number(facts.workgroup));
  const across = Math.min(groups, device.limits.maxComputeWorkgroupsPerDimension);
  return {
    step,
    record(pass) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(across, Math.ceil(groups / across));
    },
    weigh: share => device.queue.writeBuffer(uniform, 0, pack(share)),
    destroy() {
      kept.destroy();
      uniform.destroy();
    },
  };
}
