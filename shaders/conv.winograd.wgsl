// `conv` for CPU adapters, 3×3 with stride 1, by Winograd's F(2×2, 3×3): 2×2 pixels take 16 products for a pair of channels in place of 36
// (Lavin & Gray, arXiv:1509.09308). The four lanes of a quad make the same sixteen tiles × 8 channels, each lane one row of the transformed
// tiles: no weight is loaded twice, and each lane loads one of four input rows and hands it to the lanes that combine it with theirs.
// Dilated by d it is d × d convolutions without dilation, one on each lattice of pixels that lie d apart.
enable subgroups;
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/wide.wgsl
// use lib/conv.io.wgsl
// use lib/winograd.wgsl

@group(0) @binding(3) var<storage, read> weights: array<packed>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let own = lane & 3u;
  let round = lane / 4u;
  let tiles = round / params.pairs;
  let pair = round - tiles * params.pairs;
  // Nobody may leave early, because of the swaps.
  let s0 = segment(tiles * 4u, own);
  let s1 = segment(tiles * 4u + 1u, own);
  let s2 = segment(tiles * 4u + 2u, own);
  let s3 = segment(tiles * 4u + 3u, own);

  // The product of row 1 and column 1 counts once in each pixel of its tile: so do the biases there.
  let zero = Wide(Strip(mat4x4f(), mat4x4f(), mat4x4f(), mat4x4f()), Strip(mat4x4f(), mat4x4f(), mat4x4f(), mat4x4f()));
  var p0 = zero;
  var p1 = wide_sum(zero, wide_biased(params.bias, pair * 2u), select(0.0, 1.0, own == 1u));
  var p2 = zero;
  var p3 = zero;
  let next = params.quads * 8u;
  var at = (pair * 4u + own) * 4u * next;
  for (var k = 0u; k < params.quads; k += 1u) {
    let a = transformed(s0, k, own);
    let b = transformed(s1, k, own);
    let c = transformed(s2, k, own);
    let d = transformed(s3, k, own);
    p0 = wide_step(p0, at, Strip(a.a, b.a, c.a, d.a));
    p1 = wide_step(p1, at + next, Strip(a.b, b.b, c.b, d.b));
    p2 = wide_step(p2, at + 2u * next, Strip(a.c, b.c, c.c, d.c));
    p3 = wide_step(p3, at + 3u * next, Strip(a.d, b.d, c.d, d.d));
    at += 8u;
  }
  finish(s0, s1, s2, s3, pair, own, p0, p1, p2, p3);
}
