// Pools of any form: the maximum, or the mean, of the pixels of a window that lie in the map. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl

override ROWS: u32 = 3u;
override COLUMNS: u32 = 3u;
override MAX: bool = false;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets of values are in channel quads
  width: u32,
  quads: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  x_size: vec2u,  // rows, columns
  strides: vec2u,
  dilations: vec2u,
  pads: vec2u,
  before: vec2u,  // rows and columns that a mean counts as zeros: those before the map, and up to where those behind it end
  behind: vec2u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let first = vec2i(vec2u(p.row, column_of(p)) * params.strides) - vec2i(params.pads);
  let size = vec2i(params.x_size);
  var sum = vec4f();
  var count = 0.0;
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let place = first + vec2i(vec2u(ky, kx) * params.dilations);
      let inside = clamp(place, vec2i(), size - 1);
      if (all(place >= -vec2i(params.before)) && all(place < vec2i(params.behind))) { count += 1.0; }
      if (any(place != inside)) { continue; }
      let value = decode(x[u32(place.x * size.y + place.y) * params.x_stride + p.quad]);
      if (MAX) { sum = select(max(sum, value), value, count == 1.0); } else { sum += value; }
    }
  }
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(select(sum / count, sum, MAX));
}
