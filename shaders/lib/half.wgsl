// Storage codec: a channel quad as two words of two half floats, 8 bytes; core WGSL, so every adapter has it. Sums stay float32.
alias stored = vec2u;
const HALF_MAX = 65504.0;
fn decode(v: stored) -> vec4f { return vec4f(unpack2x16float(v.x), unpack2x16float(v.y)); }
// pack2x16float leaves values beyond half's range undefined: saturate instead.
fn encode(v: vec4f) -> stored {
  let s = clamp(v, vec4f(-HALF_MAX), vec4f(HALF_MAX));
  return vec2u(pack2x16float(s.xy), pack2x16float(s.zw));
}
