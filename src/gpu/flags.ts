// WebGPU's bit flags as the specification numbers them: Node has no globals such as GPUBufferUsage, and the engine needs none.
export const BufferUsage = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
  QUERY_RESOLVE: 0x200,
} as const;
export const TextureUsage = {
  COPY_SRC: 0x1,
  COPY_DST: 0x2,
  TEXTURE_BINDING: 0x4,
  STORAGE_BINDING: 0x8,
  RENDER_ATTACHMENT: 0x10,
} as const;
export const COMPUTE = 0x4;
export const READ = 0x1;

/** Experimental, behind a flag of browsers and of Dawn: subgroup matrices, and with these a word on the size of subgroups. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;
export const SIZED = 'subgroup-size-control' as GPUFeatureName;
