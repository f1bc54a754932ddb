// A map sampled at the points of a grid, from −1 to 1 over the map. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/sampling.wgsl

override NEAREST: bool = false;
override CUBIC: bool = false;  // or of 4×4 pixels; else bilinearly

// Keys's cubic with −3/4 for the pixels at −1, 0, 1 and 2 from the one before, t beyond that.
fn cubic(t: f32) -> vec4f {
  let near = vec2f(t, 1.0 - t);
  let far = near + 1.0;
  let inner = (1.25 * near - 2.25) * near * near + 1.0;
  let outer = ((-0.75 * far + 3.75) * far - 6.0) * far + 3.0;
  return vec4f(outer.x, inner, outer.y);
}

fn line(row: f32, first: f32, across: vec4f, quad: u32) -> vec4f {
  let size = vec2f(f32(params.x_width), f32(params.x_height));
  let i = i32(within(row, size.y));
  return across.x * at(i, i32(within(first, size.x)), quad) + across.y * at(i, i32(within(first + 1.0, size.x)), quad)
    + across.z * at(i, i32(within(first + 2.0, size.x)), quad) + across.w * at(i, i32(within(first + 3.0, size.x)), quad);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  if (pixel >= params.height * params.width) { return; }
  let point = decode(places[pixel * params.places_stride]).xy + 1.0;
  let size = vec2f(f32(params.x_width), f32(params.x_height));
  let column = position_of(point.x, size.x);
  let row = position_of(point.y, size.y);
  var value = vec4f();
  if (NEAREST) {
    value = at(i32(round(within(row, size.y))), i32(round(within(column, size.x))), quad);
  } else if (CUBIC) {
    let top = floor(row) - 1.0;
    let left = floor(column) - 1.0;
    let down = cubic(fract(row));
    let across = cubic(fract(column));
    value = down.x * line(top, left, across, quad) + down.y * line(top + 1.0, left, across, quad)
      + down.z * line(top + 2.0, left, across, quad) + down.w * line(top + 3.0, left, across, quad);
  } else {
    value = sampled(point, quad);
  }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(value);
}
