// Storage codec: a channel quad as four whole numbers of 14 bits and the step that they count, 8 bytes as halves take, for networks that make much of a
// rounding: next to a quad's largest number all four are rounded to 13 or 14 bits, halves to 11. Core WGSL; sums stay float32. From the highest bit:
// number, number, four bits of the step's code; number, number, whether they count from -8192, three more bits. A step is a float32 of two fraction bits,
// from 2^-28 to 2^3; a code is its place among them, and all bits zero are four zeros.
alias stored = vec2u;
const STEP_FRACTION = 21u;  // bits of a float32 below the two
const LEAST_STEP = 396u;    // 2^-28 without them
const STEPS = 125u;
const WHOLE = 0x4b000000u;  // 2^23 as float32, in which the lowest bits count ones

fn step_of(code: u32) -> f32 { return bitcast<f32>((code + LEAST_STEP) << STEP_FRACTION); }

fn decode(v: stored) -> vec4f {
  let numbers = vec4u(v.x >> 18u, (v.x >> 4u) & 0x3fffu, v.y >> 18u, (v.y >> 4u) & 0x3fffu);
  let zero = bitcast<f32>(WHOLE | ((v.y & 8u) << 10u));
  return (bitcast<vec4f>(numbers | vec4u(WHOLE)) - zero) * step_of((v.x & 15u) | ((v.y & 7u) << 4u));
}

// The smallest step of which the largest number holds no more than there are, or the next power of two where that makes all four exact, as whole numbers
// must be that are compared. Beyond the largest step numbers saturate.
fn encode(v: vec4f) -> stored {
  let least = min(min(v.x, v.y), min(v.z, v.w));
  let most = max(max(v.x, v.y), max(v.z, v.w));
  let negative = least < 0.0;
  let top = select(16383.0, 8191.0, negative);
  let wanted = bitcast<u32>(max(most, -least) / top) + (1u << STEP_FRACTION) - 1u;
  let near = clamp(wanted >> STEP_FRACTION, LEAST_STEP, LEAST_STEP + STEPS - 1u) - LEAST_STEP;
  let even = (near + 3u) & 0xfcu;
  // Its reciprocal has the negative exponent: a division need not be exact.
  let counts = v * bitcast<f32>(0x7f000000u - bitcast<u32>(step_of(even)));
  let code = select(near, even, all(counts == round(counts)));
  let count = clamp(round(v / step_of(code)), vec4f(select(0.0, -top, negative)), vec4f(top));
  let numbers = vec4u(vec4i(count) + select(0, 8192, negative));
  let words = (numbers.xz << vec2u(18u)) | (numbers.yw << vec2u(4u));
  return words | vec2u(code & 15u, (code >> 4u) | select(0u, 8u, negative));
}
