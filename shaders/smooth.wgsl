// Scores averaged over the frames of a video, in place: a frame's are mixed into what those before it have left, which is kept in float32 whatever maps are
// stored in, so that small shares add up. A lane takes one channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

struct Params {
  quads: u32,
  share: f32,  // of this frame; 1: nothing is left of those before, or nothing is there yet
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> kept: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let quad = lane_of(id, groups);
  if (quad >= params.quads) { return; }
  let fresh = decode(y[quad]);
  let value = select(mix(kept[quad], fresh, params.share), fresh, params.share >= 1.0);
  kept[quad] = value;
  y[quad] = encode(value);
}
