// What the kernels share that sample a map at places of its own for every pixel of the result.
override CORNERS: bool = false;  // −1 and 1 are the centres of the corners, not the edges
override BORDER: bool = false;   // beyond the map lies its border
override REFLECTION: bool = false;  // or its reflection; else zeros

struct Params {
  height: u32,  // of the output and the places, in pixels; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  places_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> places: array<stored>;  // two channels: along the row, along the column
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

fn at(row: i32, column: i32, quad: u32) -> vec4f {
  if (row < 0 || column < 0 || row >= i32(params.x_height) || column >= i32(params.x_width)) { return vec4f(); }
  return decode(x[(u32(row) * params.x_width + u32(column)) * params.x_stride + quad]);
}

// Of a point from 0 to 2 over the map.
fn position_of(point: f32, size: f32) -> f32 { return select((point * size - 1.0) * 0.5, point * (size - 1.0) * 0.5, CORNERS); }

// The place of the map that lies there. Where zeros lie beyond it is clamped to just outside, so that a wild one stays an index.
fn within(place: f32, size: f32) -> f32 {
  if (BORDER) { return clamp(place, 0.0, size - 1.0); }
  if (!REFLECTION) { return clamp(place, -2.0, size + 1.0); }
  let low = select(-0.5, 0.0, CORNERS);
  let span = select(size, size - 1.0, CORNERS);
  if (span == 0.0) { return 0.0; }
  let turns = (place - low) / (2.0 * span);
  let turn = (turns - floor(turns)) * 2.0 * span;
  return clamp(low + select(turn, 2.0 * span - turn, turn > span), 0.0, size - 1.0);
}

// Bilinearly.
fn sampled(point: vec2f, quad: u32) -> vec4f {
  let size = vec2f(f32(params.x_width), f32(params.x_height));
  let column = within(position_of(point.x, size.x), size.x);
  let row = within(position_of(point.y, size.y), size.y);
  let left = floor(column);
  let top = floor(row);
  let upper = mix(at(i32(top), i32(left), quad), at(i32(top), i32(left) + 1, quad), column - left);
  let lower = mix(at(i32(top) + 1, i32(left), quad), at(i32(top) + 1, i32(left) + 1, quad), column - left);
  return mix(upper, lower, row - top);
}
