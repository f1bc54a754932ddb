// The bytes of shaders/lib/block.wgsl on the CPU: four numbers under one step in 8 bytes, which says what each bit is.

const LEAST_STEP = -28;
/** Steps are 1, 1.25, 1.5 and 1.75 of 31 powers of two, and one more. */
const STEPS = Float64Array.from({ length: 125 }, (_, code) => (1 + (code % 4) / 4) * 2 ** (LEAST_STEP + Math.floor(code / 4)));

/** Whole quads. */
export function encodeBlocks(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(values.length / 2);
  for (let at = 0; at < values.length; at += 4) {
    const quad = [values[at], values[at + 1], values[at + 2], values[at + 3]];
    const [least, most] = [Math.min(...quad), Math.max(...quad)];
    const negative = least < 0;
    const top = negative ? 8191 : 16383;
    const wanted = Math.max(most, -least) / top;
    const found = STEPS.findIndex(step => step >= wanted);
    const near = found < 0 ? STEPS.length - 1 : found;
    const even = (near + 3) & ~3;
    const code = quad.every(value => Number.isInteger(value / STEPS[even])) ? even : near;
    const [a, b, c, d] = quad.map(value => {
      const number = Math.min(Math.max(Math.round(value / STEPS[code]), negative ? -top : 0), top);
      return negative ? number + 8192 : number;
    });
    words[at / 2] = (a << 18) | (b << 4) | (code & 15);
    words[at / 2 + 1] = (c << 18) | (d << 4) | (negative ? 8 : 0) | (code >> 4);
  }
  return new Uint8Array(words.buffer);
}

export function decodeBlocks(bytes: ArrayBuffer): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bytes);
  const values = new Float32Array(words.length * 2);
  for (let at = 0; at < words.length; at += 2) {
    const [x, y] = [words[at], words[at + 1]];
    const step = STEPS[(x & 15) | ((y & 7) << 4)];
    const numbers = [x >>> 18, (x >>> 4) & 0x3fff, y >>> 18, (y >>> 4) & 0x3fff];
    values.set(
      numbers.map(number => (number - (y & 8 ? 8192 : 0)) * step),
      at * 2,
    );
  }
  return values;
}
