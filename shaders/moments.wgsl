// Mean and variance of every channel over all pixels, as what a norm of them does to a number: a factor and an offset, float32 in every
// precision. The mean first, then the squared distances from it: squares of the numbers themselves would cancel. A lane takes a channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  pixels: u32,
  channels: u32,
  quads: u32,  // of them
  x_stride: u32,
  epsilon: f32,
  scaled: u32,  // there are weights
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // all scales, then all shifts
@group(0) @binding(3) var<storage, read_write> norm: array<vec4f>;  // all factors, then all offsets

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let quad = lane_of(id, groups);
  if (quad >= params.quads) { return; }
  var sum = vec4f();
  for (var pixel = 0u; pixel < params.pixels; pixel += 1u) { sum += decode(x[pixel * params.x_stride + quad]); }
  let mean = sum / f32(params.pixels);
  var squares = vec4f();
  for (var pixel = 0u; pixel < params.pixels; pixel += 1u) {
    let apart = decode(x[pixel * params.x_stride + quad]) - mean;
    squares += apart * apart;
  }
  var factor = inverseSqrt(squares / f32(params.pixels) + params.epsilon);
  var shift = vec4f();
  if (params.scaled == 1u) {
    factor *= weights[quad];
    shift = weights[params.quads + quad];
  }
  // Padded lanes are zero everywhere; what their variance is the root of is not.
  factor = select(vec4f(), factor, vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.channels));
  norm[quad] = factor;
  norm[params.quads + quad] = shift - mean * factor;
}
