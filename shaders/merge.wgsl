// A small map resized to the size of another and added to it, as pyramids of features are put together: the resized map is nowhere stored. A lane makes
// one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/bilinear.wgsl
// use lib/taps.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl

struct Params {
  height: u32,  // of the output and of `other`, in pixels; strides and offsets are in channel quads
  width: u32,
  channels: u32,
  quads: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  other_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> other: array<stored>;
@group(0) @binding(3) var<storage, read> weights: array<packed>;
@group(0) @binding(4) var<storage, read_write> y: array<stored>;

fn at(row: u32, column: u32, quad: u32) -> vec4f { return decode(x[(row * params.x_width + column) * params.x_stride + quad]); }

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let v = tap_of(p.row, params.x_height, params.height);
  let u = tap_of(column_of(p), params.x_width, params.width);
  let upper = mix(at(v.low, u.low, p.quad), at(v.low, u.high, p.quad), u.t);
  let lower = mix(at(v.high, u.low, p.quad), at(v.high, u.high, p.quad), u.t);
  let sum = decode(other[p.pixel * params.other_stride + p.quad]) + mix(upper, lower, v.t);
  // Padded lanes are zero everywhere; what a curve makes of zero is not.
  let channel = vec4u(p.quad * 4u) + vec4u(0u, 1u, 2u, 3u);
  let value = select(vec4f(), activated(sum, p.quad, params.quads), channel < vec4u(params.channels));
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(value);
}
