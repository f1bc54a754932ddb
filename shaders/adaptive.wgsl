// Adaptive average pooling: the map in height × width windows that cover it and may overlap. A lane makes one window's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  height: u32,  // windows; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let window = lane / params.quads;
  let quad = lane - window * params.quads;
  let row = window / params.width;
  let column = window - row * params.width;
  if (row >= params.height) { return; }
  let top = row * params.x_height / params.height;
  let bottom = ((row + 1u) * params.x_height + params.height - 1u) / params.height;
  let left = column * params.x_width / params.width;
  let right = ((column + 1u) * params.x_width + params.width - 1u) / params.width;
  var sum = vec4f();
  for (var i = top; i < bottom; i += 1u) {
    for (var j = left; j < right; j += 1u) { sum += decode(x[(i * params.x_width + j) * params.x_stride + quad]); }
  }
  y[window * params.y_stride + params.y_offset + quad] = encode(sum / f32((bottom - top) * (right - left)));
}
