// `pointwise` for CPU adapters of eight lanes and more: a lane makes 32 pixels × 4 channels. All lanes of a workgroup make the same pixels, so that
// an operand is the same number in every lane: it is loaded once and needs no swaps, and a lane's own loads, of weights, serve 32 pixels each.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/bilinear.wgsl
// use lib/shortcut.wgsl
// use lib/pointwise.io.wgsl
// use lib/pointwise.finish.wgsl

override SHORTCUT: bool = false;
override LANES: u32 = 8u;  // of a workgroup, a quad of channels each

const PIXELS = 32u;  // of a tile

// Eight times four pixels of a quad of channels.
struct Tall {
  a: mat4x4f,
  b: mat4x4f,
  c: mat4x4f,
  d: mat4x4f,
  e: mat4x4f,
  f: mat4x4f,
  g: mat4x4f,
  h: mat4x4f,
}

fn finish4(pixel: u32, quad: u32, sums: mat4x4f) {
  finish(pixel, quad, sums[0]);
  finish(pixel + 1u, quad, sums[1]);
  finish(pixel + 2u, quad, sums[2]);
  finish(pixel + 3u, quad, sums[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let side = (params.y_quads + LANES - 1u) / LANES;
  let tile = group / side;
  let pixel = tile * PIXELS;
  let pixels = params.height * params.width;
  if (pixel >= pixels) { return; }
  // A lane beyond the last quad makes it again and stores nothing; so does a tile that overhangs with the last pixel.
  let own = (group - tile * side) * LANES + lane;
  let quad = min(own, params.y_quads - 1u);
  let last = vec4u(pixels - 1u);
  let a = min(vec4u(pixel) + vec4u(0u, 1u, 2u, 3u), last);
  let b = min(vec4u(pixel) + vec4u(4u, 5u, 6u, 7u), last);
  let c = min(vec4u(pixel) + vec4u(8u, 9u, 10u, 11u), last);
  let d = min(vec4u(pixel) + vec4u(12u, 13u, 14u, 15u), last);
  let e = min(vec4u(pixel) + vec4u(16u, 17u, 18u, 19u), last);
  let f = min(vec4u(pixel) + vec4u(20u, 21u, 22u, 23u), last);
  let g = min(vec4u(pixel) + vec4u(24u, 25u, 26u, 27u), last);
  let h = min(vec4u(pixel) + vec4u(28u, 29u, 30u, 31u), last);

  let start = bias(params.bias, quad);
  let first = mat4x4f(start, start, start, start);
  var sums = Tall(first, first, first, first, first, first, first, first);
  // Blocks lie in pairs of quads, as `pointwise` has them.
  var at = quad / 2u * (params.quads + params.shortcut_quads) * 8u + quad % 2u * 4u;
  for (var k = 0u; k < params.quads; k += 1u) {
    let w = weight_block(at);
    sums.a += w * operand(a * params.x_stride, k);
    sums.b += w * operand(b * params.x_stride, k);
    sums.c += w * operand(c * params.x_stride, k);
    sums.d += w * operand(d * params.x_stride, k);
    sums.e += w * operand(e * params.x_stride, k);
    sums.f += w * operand(f * params.x_stride, k);
    sums.g += w * operand(g * params.x_stride, k);
    sums.h += w * operand(h * params.x_stride, k);
    at += 8u;
  }
  if (SHORTCUT) {
    for (var k = 0u; k < params.shortcut_quads; k += 1u) {
      let w = weight_block(at);
      sums.a += w * shortcut_operand(windows(a), k);
      sums.b += w * shortcut_operand(windows(b), k);
      sums.c += w * shortcut_operand(windows(c), k);
      sums.d += w * shortcut_operand(windows(d), k);
      sums.e += w * shortcut_operand(windows(e), k);
      sums.f += w * shortcut_operand(windows(f), k);
      sums.g += w * shortcut_operand(windows(g), k);
      sums.h += w * shortcut_operand(windows(h), k);
      at += 8u;
    }
  }
  if (own > quad) { return; }
  finish4(pixel, quad, sums.a);
  finish4(pixel + 4u, quad, sums.b);
  finish4(pixel + 8u, quad, sums.c);
  finish4(pixel + 12u, quad, sums.d);
  finish4(pixel + 16u, quad, sums.e);
  finish4(pixel + 20u, quad, sums.f);
  finish4(pixel + 24u, quad, sums.g);
  finish4(pixel + 28u, quad, sums.h);
}
