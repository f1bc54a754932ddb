// Programs with subgroup matrices for the form that an adapter has, in the words that a device knows.
import { type Codec, type Ended, isCurved, type MatrixForm, type ShaderLibrary } from './source.ts';

/** A program for an adapter's matrices; `flags`: in the earlier form. */
export function matrixText(library: ShaderLibrary, step: Ended, precision: Codec, form: MatrixForm, flags = false): string {
  const { m, n, k, lanes, sized } = form;
  const values: Readonly<Record<string, number>> = { M: m, N: n, K: k, LANES: lanes };
  const text = library.text(step.shader, precision, 'half', isCurved(step), flags);
  const program = text.replace(/(?<=const MATRIX_(M|N|K|LANES) ?= ?)\d+/g, (_number, name: string) => String(values[name]));
  if (!sized) return program;
  const asked = program.replace(/@workgroup_size\(\w+\)/, '$& @subgroup_size(MATRIX_LANES)');
  return `enable subgroups;\nenable subgroup_size_control;\n${asked}`;
}
