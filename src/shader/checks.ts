// What is wrong with what a shader is given. Kernels of a build have passed these checks.
import { AtrousError } from '../errors.ts';
import type { Field } from './reflect.ts';

/** An object, because builds for browsers leave it to whoever brings more kernels than they were checked with (build-late.ts). */
export const checks: { params?(fields: readonly Field[], values: Readonly<Record<string, unknown>>, shader: string): void } = {
  params(fields, values, shader) {
    const missing = fields.filter(({ name }) => !(name in values)).map(({ name }) => name);
    const unknown = Object.keys(values).filter(name => !fields.some(field => field.name === name));
    if (missing.length + unknown.length > 0) {
      throw new AtrousError(
        'BAD_SHADER',
        `parameters of shaders/${shader}.wgsl: missing [${missing.join(', ')}], unknown [${unknown.join(', ')}]`,
      );
    }
  },
};
