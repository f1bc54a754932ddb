// Numbers into the bytes that a shader reads: parameters by reflected name and offset.
import { checks } from './checks.ts';
import type { ShaderFacts } from './reflect.ts';

export type Params = Readonly<Record<string, number | readonly number[]>>;

/** The uniform block of a shader. Every field must be given and no other: throws `BAD_SHADER` naming those that differ. */
export function packParams({ params: { size, fields } }: ShaderFacts, values: Params, shader: string): ArrayBuffer {
  checks.params?.(fields, values, shader);
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
