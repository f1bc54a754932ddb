// Which tap of each window is its maximum, the first of equals: a byte a channel, 255 where a window holds nothing. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/codes.wgsl

override ROWS: u32 = 2u;
override COLUMNS: u32 = 2u;

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
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let first = vec2i(vec2u(p.row, column_of(p)) * params.strides) - vec2i(params.pads);
  let size = vec2i(params.x_size);
  var best = vec4f();
  var winner = vec4i(-1);
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let place = first + vec2i(vec2u(ky, kx) * params.dilations);
      if (any(place < vec2i()) || any(place >= size)) { continue; }
      let value = decode(x[u32(place.x * size.y + place.y) * params.x_stride + p.quad]);
      let better = (winner < vec4i()) | (value > best);
      best = select(best, value, better);
      winner = select(winner, vec4i(i32(ky * COLUMNS + kx)), better);
    }
  }
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = word_of(winner);
}
