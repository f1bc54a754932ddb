// `pointwise` for CPU adapters: the same product in tiles of 16 pixels × 8 channels, input channels shared by the four lanes of a quad.
enable subgroups;
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/wide.wgsl
// use lib/bilinear.wgsl
// use lib/shortcut.wgsl
// use lib/pointwise.io.wgsl

override SHORTCUT: bool = false;

fn store(pixel: u32, quad: u32, sum: vec4f) { y[pixel * params.y_stride + params.y_offset + quad] = encode(finished(pixel, quad, sum)); }
fn store4(pixels: vec4u, quad: u32, sums: mat4x4f) {
  store(pixels.x, quad, sums[0]);
  store(pixels.y, quad, sums[1]);
  store(pixels.z, quad, sums[2]);
  store(pixels.w, quad, sums[3]);
}
fn store16(a: vec4u, b: vec4u, c: vec4u, d: vec4u, quad: u32, sums: Strip) {
  if (quad >= params.y_quads) { return; }
  store4(a, quad, sums.a);
  store4(b, quad, sums.b);
  store4(c, quad, sums.c);
  store4(d, quad, sums.d);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let columns = (params.pairs + 3u) / 4u * 4u;  // whole quads of lanes
  let tile = lane / columns;
  let pair = lane - tile * columns;
  let own = lane & 3u;
  let pixel = tile * 16u;
  // Nobody may leave early, because of the swaps. Beyond the end the last pixel is made again, and stored by those that began before it.
  let last = vec4u(params.height * params.width - 1u);
  let a = min(vec4u(pixel) + vec4u(0u, 1u, 2u, 3u), last);
  let b = min(vec4u(pixel) + vec4u(4u, 5u, 6u, 7u), last);
  let c = min(vec4u(pixel) + vec4u(8u, 9u, 10u, 11u), last);
  let d = min(vec4u(pixel) + vec4u(12u, 13u, 14u, 15u), last);

  // Depths in whole fours of quads: of a last four that is not whole the last quad is read again, its weights are zero.
  let main_quads = (params.quads + 3u) / 4u * 4u;
  let all_quads = main_quads + (params.shortcut_quads + 3u) / 4u * 4u;
  var sums = wide_biased(params.bias, pair * 2u);
  var at = pair * all_quads * 8u;
  for (var k = 0u; k < all_quads; k += 4u) {
    var x: Strip;
    if (SHORTCUT && k >= main_quads) {
      let quad = min(k - main_quads + own, params.shortcut_quads - 1u);
      x = Strip(shortcut_operand(windows(a), quad), shortcut_operand(windows(b), quad),
                shortcut_operand(windows(c), quad), shortcut_operand(windows(d), quad));
    } else {
      let quad = min(k + own, params.quads - 1u);
      x = Strip(operand(a * params.x_stride, quad), operand(b * params.x_stride, quad),
                operand(c * params.x_stride, quad), operand(d * params.x_stride, quad));
    }
    sums = wide_accumulate(sums, at, x);
    at += 32u;
  }
  if (pixel > last.x) { return; }
  store16(a, b, c, d, pair * 2u, sums.even);
  store16(a, b, c, d, pair * 2u + 1u, sums.odd);
}
