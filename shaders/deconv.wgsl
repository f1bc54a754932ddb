// Transposed convolution of one group a channel. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/deconv.wgsl

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  stride: u32,  // pixels from one cell to the next
  pad: u32,
  tile_height: u32,  // in cells
  tile_width: u32,
  grown_height: u32,  // of what a tile grows to, in pixels
  grown_width: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let column = column_of(p);
  let v = reach_of(p.row, params.x_height, params.tile_height, params.grown_height);
  let u = reach_of(column, params.x_width, params.tile_width, params.grown_width);
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(deconvolved(v, u, p.quad));
}
