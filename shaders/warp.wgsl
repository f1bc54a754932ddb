// The flow warp of SFNet: x sampled bilinearly where the flow points, zero outside; the base grid runs from −1 to 1, both ends included,
// over x's outer edges (grid_sample with align_corners=False). A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  height: u32,  // of the output and the flow, in pixels; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  flow_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> flow: array<stored>;  // two channels: along the row, along the column
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

fn at(row: i32, column: i32, quad: u32) -> vec4f {
  if (row < 0 || column < 0 || row >= i32(params.x_height) || column >= i32(params.x_width)) { return vec4f(); }
  return decode(x[(u32(row) * params.x_width + u32(column)) * params.x_stride + quad]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  let row = pixel / params.width;
  let column = pixel - row * params.width;
  if (row >= params.height) { return; }
  let size = vec2f(f32(params.width), f32(params.height));
  let base = 2.0 * vec2f(f32(column), f32(row)) / max(size - 1.0, vec2f(1.0));  // from 0, so the −1 and the +1 cancel
  let grid = base + decode(flow[pixel * params.flow_stride]).xy / size;
  // Clamped to just outside, so that a wild flow stays an index.
  let limit = vec2f(f32(params.x_width), f32(params.x_height));
  let source = clamp((grid * limit - 1.0) / 2.0, vec2f(-2.0), limit + 1.0);
  let corner = vec2i(floor(source));
  let t = source - floor(source);
  let upper = mix(at(corner.y, corner.x, quad), at(corner.y, corner.x + 1, quad), t.x);
  let lower = mix(at(corner.y + 1, corner.x, quad), at(corner.y + 1, corner.x + 1, quad), t.x);
  y[pixel * params.y_stride + params.y_offset + quad] = encode(mix(upper, lower, t.y));
}
