// Descriptor against shader, both ways: bindings and overrides must be the same sets.
import { AtrousError } from '../errors.ts';
import type { Step } from '../plan/plan.ts';
import type { ShaderFacts } from '../shader/reflect.ts';
import { isCurved } from '../shader/source.ts';

/** An object, because builds for browsers leave the check of what they embed to whoever brings more (build-late.ts). */
export const descriptors: { check?(step: Step, facts: ShaderFacts): void } = {
  check(step, { bindings, overrides }) {
    const differing = (a: readonly string[], b: readonly string[]): string[] => [
      ...a.filter(name => !b.includes(name)),
      ...b.filter(name => !a.includes(name)),
    ];
    const bound = ['params', ...Object.keys(step.reads), ...Object.keys(step.writes), ...(step.weights ? ['weights'] : [])];
    // A shader may read weights under a flag that is off.
    const declared = bindings.map(({ name }) => name).filter(name => name !== 'weights' || step.weights);
    // A curve's flags stand for a ReLU's: the device itself refuses what a shader does not know.
    const flags = isCurved(step) ? [] : differing(Object.keys(step.overrides), Object.keys(overrides));
    const wrong = [...differing(bound, declared), ...flags];
    if (wrong.length > 0) {
      throw new AtrousError(
        'BAD_SHADER',
        `kernel ${step.kernel} and shaders/${step.shader}.wgsl disagree about ${wrong.join(', ')}`,
      );
    }
  },
};
