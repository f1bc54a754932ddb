// Subgroup matrices on a device: an experimental feature, whose words differ between versions of Dawn and Chromium.

/** A program that loads and stores in the present form of the language. */
const PRESENT = `enable f16;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
var<workgroup> operands: array<vec4h, 64>;
var<workgroup> stage: array<vec4f, 64>;
@compute @workgroup_size(128) fn main() {
  let left = subgroupMatrixLoad<subgroup_matrix_left<f16, 8, 8>, row_major>(&operands, 0, 2);
  let right = subgroupMatrixLoad<subgroup_matrix_right<f16, 8, 8>, col_major>(&operands, 0, 2);
  let sums = subgroupMatrixMultiplyAccumulate(left, right, subgroup_matrix_result<f32, 8, 8>());
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
