// Two 1×1 convolutions of one map in one dispatch: their channels one after another, the first ones into y, the rest into a map of their
// own. A lane makes 8 pixels × 8 channels in registers and never channels of both.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/twin.io.wgsl

fn operand(at: vec4u, k: u32) -> mat4x4f {
  return mat4x4f(decode(x[at.x + k]), decode(x[at.y + k]), decode(x[at.z + k]), decode(x[at.w + k]));
}

fn finish4(pixel: u32, quad: u32, sums: mat4x4f) {
  finish(pixel, quad, sums[0]);
  finish(pixel + 1u, quad, sums[1]);
  finish(pixel + 2u, quad, sums[2]);
  finish(pixel + 3u, quad, sums[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let tile = lane / params.pairs;
  let pair = lane - tile * params.pairs;
  let pixel = tile * 8u;
  if (pixel >= params.pixels) { return; }
  // The last tile may overhang: it reads the last pixel again and stores nothing for it.
  let left = min(vec4u(pixel) + vec4u(0u, 1u, 2u, 3u), vec4u(params.pixels - 1u)) * params.x_stride;
  let right = min(vec4u(pixel) + vec4u(4u, 5u, 6u, 7u), vec4u(params.pixels - 1u)) * params.x_stride;
  var sums = biased(params.bias, pair * 2u);
  var at = pair * QUADS * 8u;
  for (var k = 0u; k < QUADS; k += 1u) {
    sums = accumulate(sums, at, operand(left, k), operand(right, k));
    at += 8u;
  }
  finish4(pixel, pair * 2u, sums.left_even);
  finish4(pixel, pair * 2u + 1u, sums.left_odd);
  finish4(pixel + 4u, pair * 2u, sums.right_even);
  finish4(pixel + 4u, pair * 2u + 1u, sums.right_odd);
}
