// Numbers into the bytes that a shader reads: parameters by reflected name and offset.
import { AtrousError } from '../errors.ts';
import type { ShaderFacts } from './reflect.ts';

export type Params = Readonly<Record<string, number | readonly number[]>>;

/** The uniform block of a shader. Every field must be given and no other: throws `BAD_SHADER` naming those that differ. */
export function packParams({ params: { size, fields } }: ShaderFacts, values: Params, shader: string): ArrayBuffer {
  const missing = fields.filter(({ name }) => !(name in values)).map(({ name }) => name);
  const unknown = Object.keys(values).filter(name => !fields.some(field => field.name === name));
  if (missing.length + unknown.length > 0) {
    throw new AtrousError(
      'BAD_SHADER',
      `parameters of shaders/${shader}.wgsl: missing [${missing.join(', ')}], unknown [${unknown.join(', ')}]`,
    );
  }
  const buffer = new ArrayBuffer(size);
  const bytes = new DataView(buffer);
  for (const { name, offset, type } of fields) {
    [values[name]].flat().forEach((value, n) => {
      if (type.endsWith('f') || type === 'f32') bytes.setFloat32(offset + 4 * n, value, true);
      else bytes.setUint32(offset + 4 * n, value, true);
    });
  }
  return buffer;
}
