// Norm over the channels of a pixel: the mean first, then the squared distances from it. A lane takes one pixel.
// use lib/f32.wgsl
// use lib/lane.wgsl

override QUADS: u32 = 1u;  // channels / 4, rounded up

struct Params {
  pixels: u32,
  channels: u32,  // strides and offsets are in channel quads
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  epsilon: f32,
  scaled: u32,  // there are weights
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // a quad of scales, one of shifts, and so on
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

fn sum_of(quad: vec4f) -> f32 { return quad.x + quad.y + quad.z + quad.w; }

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = lane_of(id, groups);
  if (pixel >= params.pixels) { return; }
  let source = pixel * params.x_stride;
  let place = pixel * params.y_stride + params.y_offset;
  let count = f32(params.channels);
  var sums = vec4f();
  for (var quad = 0u; quad < QUADS; quad += 1u) { sums += decode(x[source + quad]); }
  let mean = sum_of(sums) / count;
  var squares = vec4f();
  for (var quad = 0u; quad < QUADS; quad += 1u) {
    let there = vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.channels);
    let apart = select(vec4f(), decode(x[source + quad]) - mean, there);
    squares += apart * apart;
  }
  let narrowed = inverseSqrt(sum_of(squares) / count + params.epsilon);
  for (var quad = 0u; quad < QUADS; quad += 1u) {
    let there = vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.channels);
    var value = (decode(x[source + quad]) - mean) * narrowed;
    if (params.scaled == 1u) { value = value * weights[quad * 2u] + weights[quad * 2u + 1u]; }
    y[place + quad] = encode(select(vec4f(), value, there));
  }
}
