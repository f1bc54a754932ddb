// The flow warp of SFNet: x sampled bilinearly where the flow points; the base grid runs from −1 to 1, both ends included. A lane makes one pixel's
// channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/sampling.wgsl

override SCALED: bool = false;  // the flow is in halves of the map, as the grid is; else in pixels of the result

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let column = column_of(p);
  let size = vec2f(f32(params.width), f32(params.height));
  let base = 2.0 * vec2f(f32(column), f32(p.row)) / max(size - 1.0, vec2f(1.0));  // from 0, so the −1 and the +1 cancel
  let flow = decode(places[p.pixel * params.places_stride]).xy;
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(sampled(base + select(flow / size, flow, SCALED), p.quad));
}
