// Resize of codes: bilinear with half-pixel centres, places in 256ths of a pixel, in whole numbers.
// use lib/lane.wgsl
// use lib/codes.wgsl
// use lib/place.wgsl
// use lib/qresample.io.wgsl

struct Between { low: u32, high: u32, share: i32 }

// (index + ½) · from/to − ½ over the denominator 2·to.
fn between(index: u32, source_size: u32, size: u32) -> Between {
  let place = u32(max(i32((2u * index + 1u) * source_size) - i32(size), 0));
  let low = min(place / (2u * size), source_size - 1u);
  let rest = place - low * 2u * size;
  return Between(low, min(low + 1u, source_size - 1u), i32((rest * 256u + size) / (2u * size)));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let v = between(p.row, params.x_height, params.height);
  let u = between(column_of(p), params.x_width, params.width);
  let upper = at(v.low, u.low, p.quad) * (256 - u.share) + at(v.low, u.high, p.quad) * u.share;
  let lower = at(v.high, u.low, p.quad) * (256 - u.share) + at(v.high, u.high, p.quad) * u.share;
  store(p.pixel, p.quad, upper * (256 - v.share) + lower * v.share, params.factor);
}
