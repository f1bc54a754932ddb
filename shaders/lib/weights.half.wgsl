// Weights codec for layers whose weights are most of what a network holds (DilatedNet's fc6: 411 MB in float32): a quad as two words of
// two halves. The biases behind them stay float32, two words each half quad.
alias packed = vec2u;
fn weight(at: u32) -> vec4f { return vec4f(unpack2x16float(weights[at].x), unpack2x16float(weights[at].y)); }
fn bias(start: u32, quad: u32) -> vec4f {
  let at = start + 2u * quad;
  return vec4f(bitcast<vec2f>(weights[at]), bitcast<vec2f>(weights[at + 1u]));
}
fn from_end(quads: u32) -> vec4f { return bias(arrayLength(&weights) - 2u * quads, 0u); }
