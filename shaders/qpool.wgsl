// 2×2 average of codes with stride 2, sizes rounded up; a window that overhangs divides by the pixels that exist.
// use lib/lane.wgsl
// use lib/codes.wgsl
// use lib/place.wgsl
// use lib/qresample.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let v = p.row * 2u;
  let u = column_of(p) * 2u;
  let below = v + 1u < params.x_height;
  let beside = u + 1u < params.x_width;
  var sums = at(v, u, p.quad);
  if (beside) { sums += at(v, u + 1u, p.quad); }
  if (below) { sums += at(v + 1u, u, p.quad); }
  if (below && beside) { sums += at(v + 1u, u + 1u, p.quad); }
  // Halves and quarters of a float32 are exact.
  store(p.pixel, p.quad, sums, params.factor * select(1.0, 0.5, below) * select(1.0, 0.5, beside));
}
