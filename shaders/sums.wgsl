// What a squeeze begins with: sums of every channel over strips of the map, float32 in every precision. A lane takes one channel quad of every
// so-manieth pixel.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  pixels: u32,
  quads: u32,
  strips: u32,
  x_stride: u32,  // channel quads a pixel
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let strip = lane / params.quads;
  let quad = lane - strip * params.quads;
  if (strip >= params.strips) { return; }
  var sum = vec4f();
  for (var pixel = strip; pixel < params.pixels; pixel += params.strips) { sum += decode(x[pixel * params.x_stride + quad]); }
  partials[lane] = sum;
}
