// Depthwise convolution of any geometry: every channel has a kernel of its own, or several. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/depthwise.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let first = vec2i(vec2u(p.row, column_of(p)) * params.strides) - vec2i(params.pads);
  let size = vec2i(params.x_size);
  var sum = weight(ROWS * COLUMNS * params.quads + p.quad);
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = first.x + i32(ky * params.dilations.x);
    if (v < 0 || v >= size.x) { continue; }
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let u = first.y + i32(kx * params.dilations.y);
      let column = clamp(u, 0, size.y - 1);
      let value = operand(u32(v * size.y + column) * params.x_stride, p.quad) * select(0.0, 1.0, u == column);
      sum += weight((ky * COLUMNS + kx) * params.quads + p.quad) * value;
    }
  }
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(activated(sum, p.quad, params.quads));
}
