// Up to four maps one after another along the channels, each from a whole quad on. A lane copies one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  pixels: u32,
  quads: u32,  // of the output, in all; strides and offsets are in channel quads
  y_stride: u32,
  y_offset: u32,
  starts: vec4u,   // quad of the output where each map begins; those that are missing behind all
  strides: vec4u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> first: array<stored>;
@group(0) @binding(2) var<storage, read> second: array<stored>;
@group(0) @binding(3) var<storage, read> third: array<stored>;
@group(0) @binding(4) var<storage, read> fourth: array<stored>;
@group(0) @binding(5) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  if (pixel >= params.pixels) { return; }
  let at = pixel * params.strides + vec4u(quad) - params.starts;
  let to = pixel * params.y_stride + params.y_offset + quad;
  if (quad >= params.starts.w) { y[to] = fourth[at.w]; }
  else if (quad >= params.starts.z) { y[to] = third[at.z]; }
  else if (quad >= params.starts.y) { y[to] = second[at.y]; }
  else { y[to] = first[at.x]; }
}
