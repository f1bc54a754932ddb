// Channels in phases, one after another, as the pixels between those of x. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl

override ALIGNED: bool = false;  // a phase's channels are whole quads

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets of values are in channel quads
  width: u32,
  quads: u32,
  channels: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  strides: vec2u,  // rows, columns
  cut: vec2u,      // left out before the first row and column
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

fn number(pixel: u32, phase: u32, channel: u32) -> f32 {
  if (channel >= params.channels) { return 0.0; }
  let at = phase * params.channels + channel;
  return decode(x[pixel + at / 4u])[at % 4u];
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let place = vec2u(p.row, column_of(p)) + params.cut;
  let source = vec2u(place.x / params.strides.x, place.y / params.strides.y);
  let between = place - source * params.strides;
  let phase = between.x * params.strides.y + between.y;
  let at = (source.x * params.x_width + source.y) * params.x_stride;
  let to = p.pixel * params.y_stride + params.y_offset + p.quad;
  if (ALIGNED) {
    y[to] = x[at + phase * params.quads + p.quad];
    return;
  }
  let c = p.quad * 4u;
  y[to] = encode(vec4f(number(at, phase, c), number(at, phase, c + 1u), number(at, phase, c + 2u), number(at, phase, c + 3u)));
}
