// 1×1 convolution as a matrix product over pixels, with all that a D block hangs on it: the SE gate on the operand, the shortcut as
// further input channels, the residual, the ReLU, and an upsampled map on top. A lane makes 8 pixels × 8 channels in registers:
// four named 4×4 accumulators, 16 loads for 256 multiply-adds, no workgroup memory and no barrier.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/bilinear.wgsl
// use lib/shortcut.wgsl
// use lib/pointwise.io.wgsl
// use lib/pointwise.finish.wgsl

@group(0) @binding(6) var<storage, read> weights: array<packed>;

// The depths once more, where they bound loops.
override QUADS: u32 = 1u;           // input channels / 4
override SHORTCUT_QUADS: u32 = 0u;  // input channels of the shortcut / 4

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
  let pixels = params.height * params.width;
  if (pixel >= pixels) { return; }
  // The last tile may overhang: it reads the last pixel again and stores nothing for it.
  let left = min(vec4u(pixel) + vec4u(0u, 1u, 2u, 3u), vec4u(pixels - 1u));
  let right = min(vec4u(pixel) + vec4u(4u, 5u, 6u, 7u), vec4u(pixels - 1u));
  let left_at = left * params.x_stride;
  let right_at = right * params.x_stride;

  var sums = biased(params.bias, pair * 2u);
  var at = pair * (QUADS + SHORTCUT_QUADS) * 8u;
  for (var k = 0u; k < QUADS; k += 1u) {
    sums = accumulate(sums, at, operand(left_at, k), operand(right_at, k));
    at += 8u;
  }
  let left_windows = windows(left);
  let right_windows = windows(right);
  for (var k = 0u; k < SHORTCUT_QUADS; k += 1u) {
    sums = accumulate(sums, at, shortcut_operand(left_windows, k), shortcut_operand(right_windows, k));
    at += 8u;
  }
  finish4(pixel, pair * 2u, sums.left_even);
  finish4(pixel, pair * 2u + 1u, sums.left_odd);
  finish4(pixel + 4u, pair * 2u, sums.right_even);
  finish4(pixel + 4u, pair * 2u + 1u, sums.right_odd);
}
