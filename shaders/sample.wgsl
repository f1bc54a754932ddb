// A map sampled bilinearly at the points of a grid, from −1 to 1 over the map. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/sampling.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  if (pixel >= params.height * params.width) { return; }
  let point = decode(places[pixel * params.places_stride]).xy + 1.0;
  y[pixel * params.y_stride + params.y_offset + quad] = encode(sampled(point, quad));
}
