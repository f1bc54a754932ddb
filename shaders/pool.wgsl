// 2×2 pool, stride 2, sizes rounded up: the average, or with MAX the maximum, of the pixels of a window that exist.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/resample.io.wgsl

override MAX: bool = false;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  // A clamped index repeats the border pixel, so the mean (or maximum) of four is that of those that exist.
  let top = p.row * 2u;
  let left = column_of(p) * 2u;
  let bottom = min(top + 1u, params.x_height - 1u);
  let right = min(left + 1u, params.x_width - 1u);
  let a = at(top, left, p.quad);
  let b = at(top, right, p.quad);
  let c = at(bottom, left, p.quad);
  let d = at(bottom, right, p.quad);
  if (MAX) {
    store(p.pixel, p.quad, max(max(a, b), max(c, d)));
    return;
  }
  store(p.pixel, p.quad, (a + b + c + d) * 0.25);
}
