// The flow warp of SFNet: x sampled bilinearly where the flow points; the base grid runs from −1 to 1, both ends included. A lane makes one pixel's
// channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/sampling.wgsl

override SCALED: bool = false;  // the flow is in halves of the map, as the grid is; else in pixels of the result

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  let row = pixel / params.width;
  let column = pixel - row * params.width;
  if (row >= params.height) { return; }
  let size = vec2f(f32(params.width), f32(params.height));
  let base = 2.0 * vec2f(f32(column), f32(row)) / max(size - 1.0, vec2f(1.0));  // from 0, so the −1 and the +1 cancel
  let flow = decode(places[pixel * params.places_stride]).xy;
  y[pixel * params.y_stride + params.y_offset + quad] = encode(sampled(base + select(flow / size, flow, SCALED), quad));
}
