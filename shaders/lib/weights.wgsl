// Weights are float32 in every precision: rounding them to half doubled the error of half plans (97×131 golden: 7e-3 instead of 3.5e-3) and
// their unpacking doubled the time on a CPU adapter, while they are a small part of what a frame moves.
// A 4×4 block of weights: columns are input channels, rows output channels, so `block * pixels` adds four channels of four pixels.
fn weight_block(at: u32) -> mat4x4f {
  return mat4x4f(weights[at], weights[at + 1u], weights[at + 2u], weights[at + 3u]);
}
// The same bias for four pixels.
fn biases(at: u32) -> mat4x4f {
  let bias = weights[at];
  return mat4x4f(bias, bias, bias, bias);
}
