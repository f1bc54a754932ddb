// `pointwise` for CPU adapters whose subgroups have eight lanes: the same product in tiles of 32 pixels × 8 channels, input channels shared by the
// eight lanes of a subgroup, which make the same pixels.
enable subgroups;
// use lib/f32.wgsl
// use lib/weights.texels.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/wide.wgsl
// use lib/octet.wgsl
// use lib/bilinear.wgsl
// use lib/shortcut.wgsl
// use lib/pointwise.io.wgsl
// use lib/pointwise.tile.wgsl
// use lib/pointwise.finish.wgsl

@group(0) @binding(6) var weights: texture_storage_2d<rgba32float, read>;

override SHORTCUT: bool = false;

// Few lanes a workgroup: there are few in all, and each is long at work.
const LANES = 16u;

fn store(pixel: u32, quad: u32, sum: vec4f) {
  var value = max(finished(pixel, quad, sum), vec4f(params.least));
  if (ADDEND) { value += upsampled(pixel, quad); }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(value);
}
fn main4(first: u32, quad: u32) -> mat4x4f { return operand(pixels_at(first) * params.x_stride, quad); }
fn main16(first: u32, quad: u32) -> Strip {
  return Strip(main4(first, quad), main4(first + 4u, quad), main4(first + 8u, quad), main4(first + 12u, quad));
}
// Of a shortcut as large as the output each window is a pixel, which need not be read four times.
fn shortcut4(first: u32, quad: u32) -> mat4x4f {
  let pixels = pixels_at(first);
  if (shortcut_side() > 1u) { return shortcut_operand(windows(pixels), quad); }
  let at = pixels * params.shortcut_stride + quad;
  return mat4x4f(decode(shortcut[at.x]), decode(shortcut[at.y]), decode(shortcut[at.z]), decode(shortcut[at.w]));
}
fn turned(s: Strip) -> Strip { return Strip(s.b, s.c, s.d, s.a); }

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = id.y * groups.x * LANES + id.x;
  let columns = (params.pairs + 7u) / 8u * 8u;  // whole subgroups
  // The same in all lanes, said so that compilers count with one number in place of eight.
  let tile = subgroupBroadcastFirst(lane / columns);
  let pair = lane - tile * columns;
  let own = lane & 7u;
  let left_pixel = tile * 32u;
  let right_pixel = left_pixel + 16u;

  // Depths in whole fours of quads: of a last four that is not whole the last quad is read again, its weights are zero. Where only four are left lanes
  // hold them twice, and four turns are enough.
  let main_quads = (params.quads + 3u) / 4u * 4u;
  let all_quads = main_quads + (params.shortcut_quads + 3u) / 4u * 4u;
  var left = wide_biased(params.bias, pair * 2u);
  var right = left;
  var at = (pair - own) * all_quads * 8u + own * 4u;
  for (var k = 0u; k < all_quads;) {
    let beside = SHORTCUT && k >= main_quads;
    let turns = min(select(main_quads, all_quads, beside) - k, 8u);
    let part = own & (turns - 1u);
    var left_x: Strip;
    var right_x: Strip;
    if (beside) {
      let quad = min(k - main_quads + part, params.shortcut_quads - 1u);
      for (var four = 0u; four < 16u; four += 4u) {
        left_x = Strip(left_x.b, left_x.c, left_x.d, shortcut4(left_pixel + four, quad));
        right_x = Strip(right_x.b, right_x.c, right_x.d, shortcut4(right_pixel + four, quad));
      }
    } else {
      let quad = min(k + part, params.quads - 1u);
      left_x = main16(left_pixel, quad);
      right_x = main16(right_pixel, quad);
    }
    for (var turn = 0u; turn < 8u; turn += 1u) {
      let even = weight_block(at);
      let odd = weight_block(at + 32u);
      let left_now = handed(left_x, own ^ turn);
      left = Wide(add16(left.even, even, left_now), add16(left.odd, odd, left_now));
      let right_now = handed(right_x, own ^ turn);
      right = Wide(add16(right.even, even, right_now), add16(right.odd, odd, right_now));
      at += 64u;
      // At the end: before it, a turn more would be made by no lane.
      if (turn + 1u == turns) { break; }
    }
    k += turns;
  }
  if (left_pixel >= params.height * params.width) { return; }
  for (var four = 0u; four < 16u; four += 4u) {
    let left_pixels = pixels_at(left_pixel + four);
    let right_pixels = pixels_at(right_pixel + four);
    store4(left_pixels, pair * 2u, left.even.a);
    store4(left_pixels, pair * 2u + 1u, left.odd.a);
    store4(right_pixels, pair * 2u, right.even.a);
    store4(right_pixels, pair * 2u + 1u, right.odd.a);
    left = Wide(turned(left.even), turned(left.odd));
    right = Wide(turned(right.even), turned(right.odd));
  }
}
