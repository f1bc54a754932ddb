// Maxima back to where they came from, zeros elsewhere. Which pixel won a window is worked out anew from the map that was pooled, of the result's
// size: that is cheaper than to keep an index a channel. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

override ROWS: u32 = 2u;
override COLUMNS: u32 = 2u;

struct Params {
  height: u32,  // of the output and the source, in pixels; strides and offsets of values are in channel quads
  width: u32,
  quads: u32,
  x_stride: u32,
  source_stride: u32,
  y_stride: u32,
  y_offset: u32,
  x_size: vec2u,  // rows, columns
  strides: vec2u,
  dilations: vec2u,
  pads: vec2u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> source: array<stored>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

fn at(row: i32, column: i32, quad: u32) -> vec4f { return decode(source[u32(row * i32(params.width) + column) * params.source_stride + quad]); }

// Of a window, lane by lane: is the pixel its first maximum?
fn won(top: i32, left: i32, row: i32, column: i32, quad: u32) -> vec4<bool> {
  let own = at(row, column, quad);
  var beaten = vec4f();
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = top + i32(ky * params.dilations.x);
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let u = left + i32(kx * params.dilations.y);
      if (v < 0 || u < 0 || v >= i32(params.height) || u >= i32(params.width)) { continue; }
      let value = at(v, u, quad);
      let before = v < row || (v == row && u < column);
      beaten += select(vec4f(), vec4f(1.0), value > own);
      if (before) { beaten += select(vec4f(), vec4f(1.0), value == own); }
    }
  }
  return beaten == vec4f();
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  let row = pixel / params.width;
  let column = pixel - row * params.width;
  if (row >= params.height) { return; }
  var value = vec4f();
  // From the last tap to the first: windows in their order, of which the last one counts.
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let down = row + params.pads.x;
    let reach_down = (ROWS - 1u - ky) * params.dilations.x;
    if (down < reach_down) { continue; }
    let v = (down - reach_down) / params.strides.x;
    if (v * params.strides.x + reach_down != down || v >= params.x_size.x) { continue; }
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let across = column + params.pads.y;
      let reach_across = (COLUMNS - 1u - kx) * params.dilations.y;
      if (across < reach_across) { continue; }
      let u = (across - reach_across) / params.strides.y;
      if (u * params.strides.y + reach_across != across || u >= params.x_size.y) { continue; }
      let top = i32(v * params.strides.x) - i32(params.pads.x);
      let left = i32(u * params.strides.y) - i32(params.pads.y);
      value = select(value, decode(x[(v * params.x_size.y + u) * params.x_stride + quad]), won(top, left, i32(row), i32(column), quad));
    }
  }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(value);
}
