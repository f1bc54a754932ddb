// Protocol buffers, read without a library: Caffe's and ONNX's models need a few dozen fields. A library would decode hundreds of megabytes of
// floats into memory of its own, where weights stay views of the file, and would not say at which byte a file is broken.
// Format: https://protobuf.dev/programming-guides/encoding. Whatever a file claims is checked first.

import { damaged, part } from './tensor.ts';

/** A span of the file that holds fields. */
export interface Message {
  readonly bytes: Uint8Array;
  readonly file: string;
  /** For messages. */
  readonly what: string;
  readonly begin: number;
  readonly end: number;
}

/** As the bytes claim it: `end` may lie beyond the message, and what has no value is NaN. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  /** Where its tag begins; [begin, end) is what it holds. */
  readonly at: number;
  readonly begin: number;
  readonly end: number;
  /** Of a varint, unsigned. */
  readonly value: number;
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** The bytes of a field, as UTF-8. */
export function text(message: Message, field: Field, longest: number): string {
  expectWire(message, field, BYTES);
  const length = field.end - field.begin;
  if (length > longest) throw broken(message, field.at, `a name of ${length} bytes, at most ${longest} are read`);
  return new TextDecoder().decode(part(message.bytes, field.begin, field.end));
}

export function inner(message: Message, field: Field, what: string): Message {
  expectWire(message, field, BYTES);
  return { ...message, what, begin: field.begin, end: field.end };
}

export function expectWire(message: Message, { number, wire, at }: Field, ...wires: readonly number[]): void {
  if (!wires.includes(wire)) throw broken(message, at, `field ${number} has wire type ${wire}, not ${wires.join(' or ')}`);
}

/** All fields of a message, each inside it. */
export function* fieldsOf(message: Message): Generator<Field> {
  for (let at = message.begin; at < message.end; ) {
    const field = fieldAt(message.bytes, at, message.end);
    const fault = faultOf(field, message.end);
    if (fault) throw broken(message, at, fault);
    yield field;
    at = field.end;
  }
}

export const badVarint = 'a number runs on past 10 bytes or past what holds it';

function faultOf({ number, wire, begin, end }: Field, limit: number): string | null {
  if (Number.isNaN(number)) return badVarint;
  if (number < 1 || number >= 2 ** 29) return `field ${number}, they count from 1 to 2^29 - 1`;
  if (wire === 3 || wire === 4) return `field ${number} is a group (wire type ${wire}), which nobody writes any more`;
  if (wire > FIXED32) return `field ${number} has wire type ${wire}, there is none beyond 5`;
  if (Number.isNaN(end)) return badVarint;
  return end > limit ? `field ${number} claims ${end - begin} bytes, ${limit - begin} are left` : null;
}

export function fieldAt(bytes: Uint8Array, at: number, limit: number): Field {
  const tag = varintAt(bytes, at, limit);
  const [number, wire, begin] = [Math.floor(tag.value / 8), tag.value % 8, tag.end];
  if (wire === VARINT || wire === BYTES) {
    const { value, end } = varintAt(bytes, begin, limit);
    return wire === BYTES
      ? { number, wire, at, begin: end, end: end + value, value: Number.NaN }
      : { number, wire, at, begin, end, value };
  }
  const size = wire === FIXED32 ? 4 : wire === FIXED64 ? 8 : Number.NaN;
  return { number, wire, at, begin, end: begin + size, value: Number.NaN };
}

/** Seven bits a byte, the lowest first; not exact beyond 2^53. NaN where it does not end by its tenth byte, or by `limit`. */
export function varintAt(bytes: Uint8Array, at: number, limit: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 10 && at + i < limit; i++) {
    value += (bytes[at + i] & 0x7f) * 2 ** (7 * i);
    if (bytes[at + i] < 0x80) return { value, end: at + i + 1 };
  }
  return { value: Number.NaN, end: Number.NaN };
}

/** The same as an int64, of which negative numbers take ten bytes. */
export function signedAt(bytes: Uint8Array, at: number, limit: number): { value: number; end: number } {
  const { value, end } = varintAt(bytes, at, limit);
  if (!(value >= 2 ** 63)) return { value, end };
  let bits = 0n;
  for (let i = 0; at + i < end; i++) bits |= BigInt(bytes[at + i] & 0x7f) << BigInt(7 * i);
  return { value: Number(BigInt.asIntN(64, bits)), end };
}

export function broken({ file, what }: Message, at: number, fault: string) {
  return damaged(file, `${what}, byte ${at}: ${fault}`);
}
