// A map sampled bilinearly at the points of a grid, from −1 to 1 over the map. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

override CORNERS: bool = false;  // −1 and 1 are the centres of the corners, not the edges
override BORDER: bool = false;   // beyond the map lies its border
override REFLECTION: bool = false;  // or its reflection; else zeros

struct Params {
  height: u32,  // of the output and the grid, in pixels; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  grid_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> grid: array<stored>;  // two channels: along the row, along the column
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

fn at(row: i32, column: i32, quad: u32) -> vec4f {
  if (row < 0 || column < 0 || row >= i32(params.x_height) || column >= i32(params.x_width)) { return vec4f(); }
  return decode(x[(u32(row) * params.x_width + u32(column)) * params.x_stride + quad]);
}

fn place_of(point: f32, count: u32) -> f32 {
  let size = f32(count);
  let place = select(((point + 1.0) * size - 1.0) * 0.5, (point + 1.0) * (size - 1.0) * 0.5, CORNERS);
  if (BORDER) { return clamp(place, 0.0, size - 1.0); }
  if (!REFLECTION) { return clamp(place, -2.0, size + 1.0); }
  let low = select(-0.5, 0.0, CORNERS);
  let span = select(size, size - 1.0, CORNERS);
  if (span == 0.0) { return 0.0; }
  let turns = (place - low) / (2.0 * span);
  let turn = (turns - floor(turns)) * 2.0 * span;
  return clamp(low + select(turn, 2.0 * span - turn, turn > span), 0.0, size - 1.0);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  if (pixel >= params.height * params.width) { return; }
  let point = decode(grid[pixel * params.grid_stride]);
  let column = place_of(point.x, params.x_width);
  let row = place_of(point.y, params.x_height);
  let left = floor(column);
  let top = floor(row);
  let upper = mix(at(i32(top), i32(left), quad), at(i32(top), i32(left) + 1, quad), column - left);
  let lower = mix(at(i32(top) + 1, i32(left), quad), at(i32(top) + 1, i32(left) + 1, quad), column - left);
  y[pixel * params.y_stride + params.y_offset + quad] = encode(mix(upper, lower, row - top));
}
