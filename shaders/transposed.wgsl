// Transposed convolution, dense or in groups. A lane makes one pixel's channel quad from the pixels of x whose kernels reach it.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/sliding.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let place = vec2u(p.row, column_of(p)) + params.pads;
  var sum = bias(params.bias, p.quad);
  for (var tap = 0u; tap < TAPS; tap += 1u) {
    let reach = vec2u(tap / params.columns, tap % params.columns) * params.dilations;
    // A kernel's tap reaches this pixel from one of every `strides` rows and columns.
    let source = vec2u((place.x - reach.x) / params.strides.x, (place.y - reach.y) / params.strides.y);
    if (any(place < reach) || any(source * params.strides + reach != place) || any(source >= params.x_size)) { continue; }
    sum = accumulate(sum, p.quad, tap, source);
  }
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(activated(sum, p.quad, params.quads));
}
