// Subgroup matrices on a device: an experimental feature, whose words differ between versions of Dawn and Chromium.

import { matrixText } from '../shader/matrix-text.ts';
import type { Codec, Ended, MatrixForm, ShaderLibrary } from '../shader/source.ts';
import { SIZED } from './flags.ts';

/** What a version of the browser that has the feature says of it. */
interface MatrixInfo extends GPUAdapterInfo {
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

/** Forms that fit the tiles of `shaders/lib/matrix.product.wgsl`, in subgroups whose size is known. */
export function matricesOf({ features }: GPUDevice, info: GPUAdapterInfo): MatrixForm[] {
  const { subgroupMatrixConfigs = [], subgroupMinSize, subgroupMaxSize } = info as MatrixInfo;
  const sized = subgroupMinSize !== subgroupMaxSize;
  if (sized && !features.has(SIZED)) return [];
  return [...subgroupMatrixConfigs].flatMap(({ componentType: operands, resultComponentType: sums, M: m, N: n, K: k }) => {
    const form = { m, n, k, operands, sums, lanes: subgroupMinSize, sized } as MatrixForm;
    return isUsable(form) ? [form] : [];
  });
}

const SIDES: readonly number[] = [8, 16];
/** Sums a lane that a program's stage holds: of all its subgroups a matrix each. */
const STAGED = 8;

export function isUsable({ m, n, k, operands, sums, lanes }: MatrixForm): boolean {
  const depths = operands === 'i8' && sums === 'i32' ? [...SIDES, 32] : operands === 'f16' && sums === 'f32' ? SIDES : [];
  const fits = SIDES.includes(m) && SIDES.includes(n) && depths.includes(k);
  return fits && [8, 16, 32, 64].includes(lanes) && (m * n) / 4 >= lanes && lanes >= m && m * n <= STAGED * lanes;
}

/** A program that loads and stores in the present form of the language; of codes, because not every device that has matrices has halves. */
const PRESENT = `enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
var<workgroup> operands: array<vec2u, 64>;
var<workgroup> stage: array<vec4i, 64>;
@compute @workgroup_size(128) fn main() {
  let left = subgroupMatrixLoad<subgroup_matrix_left<i8, 8, 8>, row_major>(&operands, 0, 2);
  let right = subgroupMatrixLoad<subgroup_matrix_right<i8, 8, 8>, col_major>(&operands, 0, 2);
  let sums = subgroupMatrixMultiplyAccumulate(left, right, subgroup_matrix_result<i32, 8, 8>());
  subgroupMatrixStore<row_major>(&stage, 0, sums, 2);
}`;

/** Does the device refuse that program, so that the earlier form is tried (lib/matrix.flags)? */
export async function wantsFlags(device: GPUDevice, program = PRESENT): Promise<boolean> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: 'matrices', code: program });
  const refused = device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  return (await refused) !== null || messages.some(({ type }) => type === 'error');
}

/** Programs as the device has them written. */
export type MatrixTexts = (library: ShaderLibrary, step: Ended, precision: Codec, form: MatrixForm) => string;

export async function matrixTexts(device: GPUDevice): Promise<MatrixTexts> {
  const flags = await wantsFlags(device);
  return (...asked) => matrixText(...asked, flags);
}
