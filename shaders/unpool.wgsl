// Maxima back to where they came from, zeros elsewhere. A lane makes one pixel's channel quad.
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
  winners_stride: u32,
  y_stride: u32,
  y_offset: u32,
  x_size: vec2u,  // rows, columns
  strides: vec2u,
  dilations: vec2u,
  pads: vec2u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> winners: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let column = column_of(p);
  var value = vec4f();
  // From the last tap to the first: windows in their order, of which the last one counts.
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let tap_row = ROWS - 1u - ky;
    let down = p.row + params.pads.x;
    let reach_down = tap_row * params.dilations.x;
    if (down < reach_down) { continue; }
    let v = (down - reach_down) / params.strides.x;
    if (v * params.strides.x + reach_down != down || v >= params.x_size.x) { continue; }
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let tap_column = COLUMNS - 1u - kx;
      let across = column + params.pads.y;
      let reach_across = tap_column * params.dilations.y;
      if (across < reach_across) { continue; }
      let u = (across - reach_across) / params.strides.y;
      if (u * params.strides.y + reach_across != across || u >= params.x_size.y) { continue; }
      let window = v * params.x_size.y + u;
      let won = codes_of(winners[window * params.winners_stride + p.quad]) == vec4i(i32(tap_row * COLUMNS + tap_column));
      value = select(value, decode(x[window * params.x_stride + p.quad]), won);
    }
  }
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(value);
}
