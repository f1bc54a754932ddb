// A video's stem is another program than a texture's; all else of its plan is the same.
import { compile } from './gpu/executor.ts';
import { FRAME } from './graph/graph.ts';
import type { Size } from './image/size.ts';
import { fuse } from './passes/index.ts';
import { lowering, type Material } from './pipeline.ts';
import { targetOf } from './plan/choose.ts';
import { lower } from './plan/lower.ts';
import { pipelineKey } from './plan/plan.ts';

/** Compiles what a plan for a video's own frames has and that for textures has not. */
export async function compileStem(material: Material, picture: Size, size: Size): Promise<void> {
  const { engine, network } = material;
  const graph = fuse(network.build({ ...size, to: picture }), targetOf(material));
  const { steps, precision } = lower(graph, { ...lowering(material), stem: 'external', frame: picture });
  const step = steps.find(({ reads }) => Object.values(reads).includes(FRAME))!;
  await engine.library.load([step.shader], precision);
  await compile(engine, step, precision, pipelineKey(step, precision));
}
