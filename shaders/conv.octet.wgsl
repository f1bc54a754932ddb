// `conv` for CPU adapters whose subgroups have eight lanes, 3×3 with stride 1, as `conv.winograd` makes it: two quads of lanes make the same tiles × 8 channels
// each, and hand round what they load of two input quads.
enable subgroups;
// A subgroup's lanes go round the same loops.
diagnostic(off, subgroup_uniformity);
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.texels.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/wide.wgsl
// use lib/octet.wgsl
// use lib/conv.io.wgsl
// use lib/winograd.wgsl

@group(0) @binding(3) var weights: texture_storage_2d<rgba32float, read>;

fn scaled(s: Segment, by: f32) -> Segment {
  return Segment(s.row, s.stored, s.column, s.last, Pixels(s.even.at, s.even.inside * by), Pixels(s.odd.at, s.odd.inside * by),
                 Pixels(s.end.at, s.end.inside * by));
}
// The products of a column of the transformed tiles with two more input quads. A loop, for the reason of `lib/octet`.
fn column_products(sums: Wide, start: u32, lane: u32, v: Strip) -> Wide {
  var next = sums;
  for (var turn = 0u; turn < 2u; turn += 1u) {
    let half = ((lane >> 2u) & 1u) ^ turn;
    next = wide_step(next, start + half * 8u, handed(v, (lane & 7u) ^ (turn * 4u)));
  }
  return next;
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let own = lane & 3u;
  let round = lane / 4u;
  let across = (params.pairs + 1u) / 2u * 2u;  // whole subgroups
  let tiles = round / across;
  let pair = round - tiles * across;
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
  for (var k = 0u; k < params.quads; k += 2u) {
    // Of an odd number of input quads the last is read again, as zeros.
    let wanted = k + (round & 1u);
    let quad = min(wanted, params.quads - 1u);
    let there = f32(wanted == quad);
    let a = transformed(scaled(s0, there), quad, own);
    let b = transformed(scaled(s1, there), quad, own);
    let c = transformed(scaled(s2, there), quad, own);
    let d = transformed(scaled(s3, there), quad, own);
    p0 = column_products(p0, at, lane, Strip(a.a, b.a, c.a, d.a));
    p1 = column_products(p1, at + next, lane, Strip(a.b, b.b, c.b, d.b));
    p2 = column_products(p2, at + 2u * next, lane, Strip(a.c, b.c, c.c, d.c));
    p3 = column_products(p3, at + 3u * next, lane, Strip(a.d, b.d, c.d, d.d));
    at += 16u;
  }
  finish(s0, s1, s2, s3, pair, own, p0, p1, p2, p3);
}
