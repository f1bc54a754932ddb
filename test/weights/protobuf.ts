// Protocol buffers by hand, down to the tag, and tiny Caffe models of them, so that tests can build what Caffe never would.

import { join } from './pickle.ts';

/** A field of a message: a varint, or bytes (wire types 1, 2 and 5), or the fields of a message inside. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  readonly value: bigint | Uint8Array | readonly Field[];
  /** The length to claim instead of the true one. */
  readonly claim?: bigint;
}

export const int = (number: number, value: number | bigint): Field => ({
  number,
  wire: 0,
  value: BigInt.asUintN(64, BigInt(value)),
});
export const text = (number: number, value: string): Field => bytes(number, new TextEncoder().encode(value));
export const bytes = (number: number, value: Uint8Array): Field => ({ number, wire: 2, value });
export const message = (number: number, ...fields: Field[]): Field => ({ number, wire: 2, value: fields });
/** `packed`: all of them in one field, else one a field. */
export const ints = (number: number, values: readonly (number | bigint)[], packed = true): Field[] =>
  packed
    ? [bytes(number, join(values.map(value => varint(BigInt.asUintN(64, BigInt(value))))))]
    : values.map(value => int(number, value));
export const floats = (number: number, values: readonly number[], packed = true): Field[] =>
  repeated(number, 5, new Uint8Array(Float32Array.from(values).buffer), packed);
export const float = (number: number, value: number): Field => floats(number, [value], false)[0];
export const doubles = (number: number, values: readonly number[], packed = true): Field[] =>
  repeated(number, 1, new Uint8Array(Float64Array.from(values).buffer), packed);

function repeated(number: number, wire: 1 | 5, data: Uint8Array, packed: boolean): Field[] {
  if (packed) return [bytes(number, data)];
  const size = wire === 1 ? 8 : 4;
  return Array.from({ length: data.length / size }, (_, i) => ({ number, wire, value: data.subarray(i * size, (i + 1) * size) }));
}

export function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...out, Number(rest)]);
    out.push(Number(rest & 127n) | 128);
  }
}

export function encode(fields: readonly Field[]): Uint8Array {
  return join(fields.flatMap(encodeField));
}

function encodeField({ number, wire, value, claim }: Field): Uint8Array[] {
  const tag = varint(BigInt(number * 8 + wire));
  if (typeof value === 'bigint') return [tag, varint(value)];
  const body = value instanceof Uint8Array ? value : encode(value);
  return wire === 2 ? [tag, varint(claim ?? BigInt(body.length)), body] : [tag, body];
}

// The messages of caffe.proto that a caffemodel is made of.

/** A BlobProto as Caffe writes it: `shape`, then packed data. */
export const blob = (shape: readonly number[], values: readonly number[]): Field[] => [
  ...floats(5, values),
  message(7, ...ints(1, shape)),
];
/** As before October 2014: num, channels, height, width. */
export const legacyBlob = (shape: readonly number[], values: readonly number[]): Field[] => [
  ...shape.map((n, axis) => int(axis + 1, n)),
  ...floats(5, values),
];
export const layer = (name: string, type: string, ...blobs: Field[][]): Field =>
  message(100, text(1, name), text(2, type), text(3, 'below'), text(4, name), ...blobs.map(fields => message(7, ...fields)));
/** V1LayerParameter: its type is a number, 4 for a convolution. */
export const oldLayer = (name: string, type: number, ...blobs: Field[][]): Field =>
  message(2, text(2, 'below'), text(3, name), text(4, name), int(5, type), ...blobs.map(fields => message(6, ...fields)));
export const net = (...layers: Field[]): Uint8Array =>
  encode([text(1, 'tiny'), text(3, 'data'), ...ints(4, [1, 3, 8, 8], false), ...layers]);
