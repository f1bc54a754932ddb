// Softmax along the channels. A lane takes one pixel.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/softmax.wgsl

struct Params {
  pixels: u32,
  classes: u32,
  x_stride: u32,  // channel quads a pixel; the offset is in quads too
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = lane_of(id, groups);
  if (pixel >= params.pixels) { return; }
  let first = pixel * params.x_stride;
  let target_quad = pixel * params.y_stride + params.y_offset;
  let norm = norm_at(first, false);
  for (var quad = 0u; quad < QUADS; quad += 1u) { y[target_quad + quad] = encode(exponentials(first, quad, norm.peak) * norm.share); }
}
