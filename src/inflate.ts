// Deflate (RFC 1951) into memory of a known size. Not the platform's DecompressionStream: whether that refuses bytes behind the stream, and whether it
// takes one without a head, differs by version.
import { Inflate } from 'fflate';

/** Packed bytes that are inflated at a time, so that a bomb is noticed before it is unpacked. */
const PART = 4096;
/** What a packed byte gives at best: 258 bytes in 2 bits. */
export const MOST_FROM_A_BYTE = 1032;

/**
 * The first `size` bytes that a stream in pieces holds, and how many it holds, though no more are counted than tell that they are too many. Bytes behind
 * the stream are passed over. Throws what fflate throws for a damaged one.
 */
export function inflate(
  pieces: readonly Uint8Array[],
  size: number,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly found: number } {
  const bytes = new Uint8Array(size);
  let found = 0;
  const stream = new Inflate(part => {
    if (found < size) bytes.set(part.subarray(0, size - found), found);
    found += part.length;
  });
  for (const [n, piece] of pieces.entries()) {
    const isLast = n === pieces.length - 1;
    for (let at = 0; (at < piece.length || (isLast && at === 0)) && found <= size; at += PART)
      stream.push(piece.subarray(at, at + PART), isLast && at + PART >= piece.length);
  }
  return { bytes, found };
}
