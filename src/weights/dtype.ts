// What numbers of a checkpoint are stored as, and how their bytes become an array.
export type Dtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

interface ArrayType<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T;
}

/** Typed arrays need aligned memory: a view where the bytes happen to be, else a copy. Every WebGPU platform is little-endian. */
export function array<T>(type: ArrayType<T>, bytes: Uint8Array, n: number): T {
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new type(aligned.buffer, aligned.byteOffset, n);
}
