// Python's `random.Random`, as far as a drawn street needs it: the Mersenne Twister (MT19937, Matsumoto and Nishimura 1998) seeded as CPython
// seeds it with an integer, so that a seed gives the same street here and there.

const SIZE = 624;
const SHIFT = 397;

/** Draws of `random.Random(seed)`, for seeds of magnitude below 2³². */
export function pythonRandom(seed: number) {
  const state = seeded(Math.abs(seed));
  let at = SIZE;

  /** 32 random bits (`genrand_uint32`). */
  function bits32(): number {
    if (at === SIZE) {
      for (let i = 0; i < SIZE; i++) {
        const y = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff);
        state[i] = state[(i + SHIFT) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let y = state[at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** Uniform in [0, 1) with 53 bits. */
  function random(): number {
    const high = bits32() >>> 5;
    return (high * 67108864 + (bits32() >>> 6)) / 9007199254740992;
  }

  /** A whole number in [0, n): draws of as many bits as n has, until one is below it. */
  function below(n: number): number {
    const shift = Math.clz32(n);
    let value = bits32() >>> shift;
    while (value >= n) value = bits32() >>> shift;
    return value;
  }

  return {
    random,
    uniform: (from: number, to: number) => from + (to - from) * random(),
    /** A whole number from `from` to `to`, both included. */
    integer: (from: number, to: number) => from + below(to - from + 1),
    choice: <T>(values: readonly T[]): T => values[below(values.length)]!,
  };
}

export type PythonRandom = ReturnType<typeof pythonRandom>;

/** MT19937's `init_by_array` with one key, which is what CPython calls for an integer of up to 32 bits. */
function seeded(key: number): Uint32Array {
  const state = new Uint32Array(SIZE);
  state[0] = 19650218;
  for (let i = 1; i < SIZE; i++) state[i] = Math.imul(1812433253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
  let i = 1;
  const next = () => {
    if (++i < SIZE) return;
    state[0] = state[SIZE - 1]!;
    i = 1;
  };
  for (let k = 0; k < SIZE; k++) {
    state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1664525)) + key;
    next();
  }
  for (let k = 1; k < SIZE; k++) {
    state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1566083941)) - i;
    next();
  }
  state[0] = 0x80000000;
  return state;
}
