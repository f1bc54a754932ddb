// What a device's shading language has beside the core of WGSL, for int8 rows: by trying, since a device doesn't say where it came from.
import { PACKED } from '../graph/codes.ts';
import { factsOf, learn } from './device.ts';

const PROGRAM = `@group(0) @binding(0) var<storage, read_write> y: i32;
@compute @workgroup_size(1) fn main() { y = dot4I8Packed(1u, 2u); }`;

/** Before `factsOf`, of a device whose plans hold int8 steps: from then on the language's features stand among the device's. */
export async function learnLanguage(device: GPUDevice): Promise<void> {
  const { features } = factsOf(device);
  if (features.includes(PACKED)) return;
  device.pushErrorScope('validation');
  device.createShaderModule({ label: 'language', code: PROGRAM });
  if ((await device.popErrorScope()) === null) learn(device, { features: [...features, PACKED].sort() });
}
