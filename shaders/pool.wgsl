// 2×2 average, stride 2, sizes rounded up; an overhanging window averages the pixels that exist. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  height: u32,  // of the output, in pixels; strides are in channel quads
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

fn at(row: u32, column: u32, quad: u32) -> vec4f { return decode(x[(row * params.x_width + column) * params.x_stride + quad]); }

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  let row = pixel / params.width;
  let column = pixel - row * params.width;
  if (row >= params.height) { return; }
  // A clamped index repeats the border pixel, so the mean of four is the mean of those that exist.
  let below = min(row * 2u + 1u, params.x_height - 1u);
  let beside = min(column * 2u + 1u, params.x_width - 1u);
  let sum = at(row * 2u, column * 2u, quad) + at(row * 2u, beside, quad) + at(below, column * 2u, quad) + at(below, beside, quad);
  y[pixel * params.y_stride + params.y_offset + quad] = encode(sum * 0.25);
}
