// A map that is kept in float32, stored as the others are. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  pixels: u32,
  quads: u32,  // a pixel's, one after another in x; stride and offset are in channel quads
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  if (pixel >= params.pixels) { return; }
  y[pixel * params.y_stride + params.y_offset + lane - pixel * params.quads] = encode(x[lane]);
}
