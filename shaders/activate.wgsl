// A curve of every number. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/curves.wgsl

struct Params {
  pixels: u32,
  channels: u32,  // strides and offsets are in channel quads
  quads: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  a: f32,
  b: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // slopes of prelu
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  if (pixel >= params.pixels) { return; }
  var slope = vec4f(params.a);
  if (CURVE == PRELU) { slope = weights[quad]; }
  let value = curve(decode(x[pixel * params.x_stride + quad]), slope, params.b);
  // Padded lanes are zero everywhere; what a curve makes of zero may not be.
  y[pixel * params.y_stride + params.y_offset + quad] = encode(select(vec4f(), value, vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.channels)));
}
