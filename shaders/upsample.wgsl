// Resize to an explicit size: bilinear with half-pixel centres, with corner centres aligned, or nearest.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/bilinear.wgsl
// use lib/taps.wgsl
// use lib/place.wgsl
// use lib/resample.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let v = tap_of(p.row, params.x_height, params.height);
  let u = tap_of(column_of(p), params.x_width, params.width);
  let upper = mix(at(v.low, u.low, p.quad), at(v.low, u.high, p.quad), u.t);
  let lower = mix(at(v.high, u.low, p.quad), at(v.high, u.high, p.quad), u.t);
  store(p.pixel, p.quad, mix(upper, lower, v.t));
}
