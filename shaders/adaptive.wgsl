// Adaptive average pooling: the map in height × width windows that cover it and may overlap.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/resample.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let top = p.row * params.x_height / params.height;
  let bottom = ((p.row + 1u) * params.x_height + params.height - 1u) / params.height;
  let column = column_of(p);
  let left = column * params.x_width / params.width;
  let right = ((column + 1u) * params.x_width + params.width - 1u) / params.width;
  var sum = vec4f();
  for (var i = top; i < bottom; i += 1u) {
    for (var j = left; j < right; j += 1u) { sum += at(i, j, p.quad); }
  }
  store(p.pixel, p.quad, sum / f32((bottom - top) * (right - left)));
}
