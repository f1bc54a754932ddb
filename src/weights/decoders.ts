// The values of dtypes that checkpoints have beside F32 and F16, in which weights of ours are stored.
import { array, type Dtype } from './dtype.ts';

/** An object, because builds for browsers leave it to whoever reads other files (build-late.ts). */
export const decoders: {
  readonly [D in Exclude<Dtype, 'F32' | 'F16'>]?: (bytes: Uint8Array, n: number, scale?: Float32Array) => Float32Array;
} = {
  F64: (bytes, n) => new Float32Array(array(Float64Array, bytes, n)),
  BF16: (bytes, n) => new Float32Array(Uint32Array.from(array(Uint16Array, bytes, n), bits => bits << 16).buffer),
  I64: (bytes, n) => Float32Array.from(array(BigInt64Array, bytes, n), Number),
  I32: (bytes, n) => new Float32Array(array(Int32Array, bytes, n)),
  I16: (bytes, n) => new Float32Array(array(Int16Array, bytes, n)),
  I8: (bytes, n, scale) => {
    const codes = new Float32Array(array(Int8Array, bytes, n));
    return scale ? codes.map((code, i) => code * scale[Math.floor((i * scale.length) / n)]) : codes;
  },
  U8: bytes => new Float32Array(bytes),
  BOOL: (bytes, n) => Float32Array.from(array(Uint8Array, bytes, n), bit => (bit ? 1 : 0)),
};
