// What the forms of `excite` share. Layouts, in quads: weights1 hidden × channels as 4×4 blocks, then bias1, weights2
// channels × hidden as 4×4 blocks, bias2; all float32, because a gate scales a whole channel.
struct Params {
  strips: u32,  // rows of partial sums
  quads: u32,   // channels / 4
  hidden: u32,  // hidden channels / 4, rounded up
  scale: f32,   // 1 / pixels
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gate: array<vec4f>;

const MAX_HIDDEN = 64u;  // quads: 256 hidden channels

fn weight_block(at: u32) -> mat4x4f { return mat4x4f(weights[at], weights[at + 1u], weights[at + 2u], weights[at + 3u]); }
fn bias1() -> u32 { return params.hidden * params.quads * 4u; }
fn weights2() -> u32 { return bias1() + params.hidden; }
fn bias2() -> u32 { return weights2() + params.quads * params.hidden * 4u; }

// The sum over strips first, first + step, …
fn strip_sum(quad: u32, first: u32, step: u32) -> vec4f {
  var sum = vec4f();
  for (var strip = first; strip < params.strips; strip += step) { sum += partials[strip * params.quads + quad]; }
  return sum;
}
