// 2×2 average, stride 2, sizes rounded up; an overhanging window averages the pixels that exist.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/resample.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  // A clamped index repeats the border pixel, so the mean of four is the mean of those that exist.
  let top = p.row * 2u;
  let left = p.column * 2u;
  let bottom = min(top + 1u, params.x_height - 1u);
  let right = min(left + 1u, params.x_width - 1u);
  store(p, (at(top, left, p.quad) + at(top, right, p.quad) + at(bottom, left, p.quad) + at(bottom, right, p.quad)) * 0.25);
}
