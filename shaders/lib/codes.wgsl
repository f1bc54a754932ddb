// Maps of int8 codes: a channel quad as four bytes of a word, the first channel in the lowest. What a code is of a number is said in src/graph/codes.ts.
const MOST_SUM = 16777215.0;  // a float32 holds every whole number up to it
fn codes_of(word: u32) -> vec4i { return (vec4i(i32(word)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u); }
fn word_of(codes: vec4i) -> u32 {
  let bytes = vec4u(codes & vec4i(255)) << vec4u(0u, 8u, 16u, 24u);
  return bytes.x | bytes.y | bytes.z | bytes.w;
}
// As float32, exactly.
fn held(sums: vec4i) -> vec4f { return vec4f(clamp(sums, vec4i(-16777215), vec4i(16777215))); }
// The nearest whole number, ties to even. One product alone: a sum could be fused with it, and rounded once instead of twice.
fn whole(product: vec4f) -> vec4i { return vec4i(clamp(round(product), vec4f(-MOST_SUM), vec4f(MOST_SUM))); }
