// Convolution of any geometry, by axis, and any width of groups: what the faster shaders don't say. A lane makes one pixel's channel quad and reads
// nothing outside the map.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/sliding.wgsl

fn kernel_at(place: vec2i, tap: u32) -> vec2i { return place * vec2i(params.strides) + vec2i(vec2u(tap / params.columns, tap % params.columns) * params.dilations) - vec2i(params.pads); }

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let place = vec2i(vec2u(p.row, column_of(p)));
  var sum = bias(params.bias, p.quad);
  for (var tap = 0u; tap < TAPS; tap += 1u) {
    let source = kernel_at(place, tap);
    if (any(source < vec2i()) || any(source >= vec2i(params.x_size))) { continue; }
    sum = accumulate(sum, p.quad, tap, vec2u(source));
  }
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(activated(sum, p.quad, params.quads));
}
