// `pointwise` for CPU adapters: the same product in tiles of 16 pixels × 8 channels, input channels shared by the four lanes of a quad.
enable subgroups;
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/wide.wgsl
// use lib/shortcut.wgsl
// use lib/pointwise.io.wgsl
// use lib/pointwise.tile.wgsl

@group(0) @binding(6) var<storage, read> weights: array<packed>;

override SHORTCUT: bool = false;

fn store(pixel: u32, quad: u32, sum: vec4f) {
  y[pixel * params.y_stride + params.y_offset + quad] = encode(max(finished(pixel, quad, sum), vec4f(params.least)));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let columns = (params.pairs + 3u) / 4u * 4u;  // whole quads of lanes
  let tile = lane / columns;
  let pair = lane - tile * columns;
  let own = lane & 3u;
  let pixel = tile * 16u;
  // Nobody may leave early, because of the swaps.
  let a = pixels_at(pixel);
  let b = pixels_at(pixel + 4u);
  let c = pixels_at(pixel + 8u);
  let d = pixels_at(pixel + 12u);

  // Depths in whole fours of quads: of a last four that is not whole the last quad is read again, its weights are zero.
  let main_quads = (params.quads + 3u) / 4u * 4u;
  let all_quads = main_quads + (params.shortcut_quads + 3u) / 4u * 4u;
  var sums = wide_biased(params.bias, pair * 2u);
  var at = pair * all_quads * 8u;
  for (var k = 0u; k < all_quads; k += 4u) {
    var x: Strip;
    if (SHORTCUT && k >= main_quads) {
      let quad = min(k - main_quads + own, params.shortcut_quads - 1u);
      for (var four = 0u; four < 4u; four += 1u) { x = Strip(x.b, x.c, x.d, shortcut_operand(windows(pixels_at(pixel + four * 4u)), quad)); }
    } else {
      let quad = min(k + own, params.quads - 1u);
      x = Strip(operand(a * params.x_stride, quad), operand(b * params.x_stride, quad),
                operand(c * params.x_stride, quad), operand(d * params.x_stride, quad));
    }
    sums = wide_accumulate(sums, at, x);
    at += 32u;
  }
  if (pixel >= params.height * params.width) { return; }
  for (var four = 0u; four < 8u; four += 1u) {
    store4(pixels_at(pixel + (four & 3u) * 4u), pair * 2u + four / 4u, sums.even.a);
    sums = wide_turned(sums);
  }
}
