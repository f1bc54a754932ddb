// Every model's whole plan in a browser with nothing requested: default limits, compiled and bound by Dawn's null backend.
import { suite } from 'uvu';
import { shapeOf } from '../../src/graph/constant.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { targetOf } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import type { Stem } from '../../src/plan/plan.ts';
import type { Precision } from '../../src/shader/source.ts';
import { count } from '../../src/weights/tensor.ts';
import { compilePlan, compilerJudge, type Sitting } from '../judges.ts';
import { representatives } from './representatives.ts';

const library = fileLibrary();
const size = { classes: 19, h: 1024, w: 2048 };
const normalisation = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
const run = suite('compiler');
/** What a device without anything requested can do, and the one feature that a precision needs. */
const compilers = { f32: await compilerJudge(), f16: await compilerJudge(['shader-f16']) };
const kinds = [
  ['f32', 'texture', compilers.f32],
  ['half', 'tensor', compilers.f32],
  ['f16', 'texture', compilers.f16],
] as const;

for (const name of representatives) {
  for (const [precision, stem, compiler] of kinds) {
    const title = `${name} at ${size.h}×${size.w}, ${precision}, from a ${stem}`;
    if (compiler) run(title, () => compile(name, precision, stem, compiler));
    else run.skip(title);
  }
}

async function compile(name: string, precision: Precision, stem: Stem, compiler: Sitting): Promise<void> {
  const { facts } = compiler;
  const graph = fuse(findNetwork(name).build(size), targetOf({ precision, facts, variants: 'auto' }));
  const choice = { variants: 'auto', shaderFacts: library.facts, ...normalisation } as const;
  const plan = lower(graph, { precision, stem, facts: compiler.facts, ...choice });
  // Nothing is computed, so any numbers will do.
  await compilePlan(compiler, library, graph, plan, constant => new Float64Array(count(shapeOf(constant))));
}

run.after(() => {
  for (const compiler of Object.values(compilers)) compiler?.close();
});
run.run();
