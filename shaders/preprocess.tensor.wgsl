// The network's beginning for a caller's own tensor: three float32 planes, already normalised → channels side by side.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  pixels: u32,
  y_stride: u32,  // channel quads a pixel
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> frame: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = lane_of(id, groups);
  if (pixel >= params.pixels) { return; }
  y[pixel * params.y_stride] = encode(vec4f(frame[pixel], frame[params.pixels + pixel], frame[2u * params.pixels + pixel], 0.0));
}
