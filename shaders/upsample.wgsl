// Resize to an explicit size: bilinear with half-pixel centres, with corner centres aligned, or nearest.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/bilinear.wgsl
// use lib/resample.io.wgsl

override CORNERS: bool = false;
override NEAREST: bool = false;

fn tap_of(index: u32, source_size: u32, size: u32) -> Tap {
  if (NEAREST) {
    let low = index * source_size / size;
    return Tap(low, low, 0.0);
  }
  if (!CORNERS) { return tap(index, source_size, size); }
  let source = f32(index) * f32(source_size - 1u) / f32(max(size, 2u) - 1u);
  let low = min(u32(source), source_size - 1u);
  return Tap(low, min(low + 1u, source_size - 1u), source - f32(low));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let v = tap_of(p.row, params.x_height, params.height);
  let u = tap_of(p.column, params.x_width, params.width);
  let upper = mix(at(v.low, u.low, p.quad), at(v.low, u.high, p.quad), u.t);
  let lower = mix(at(v.high, u.low, p.quad), at(v.high, u.high, p.quad), u.t);
  store(p, mix(upper, lower, v.t));
}
