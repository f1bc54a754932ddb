// Depthwise convolution of any geometry: every channel has a kernel of its own. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl

override ROWS: u32 = 3u;
override COLUMNS: u32 = 3u;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets of values are in channel quads
  width: u32,
  quads: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  x_size: vec2u,  // rows, columns
  strides: vec2u,
  dilations: vec2u,
  pads: vec2u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<packed>;  // [tap][quad], then the biases
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  let row = pixel / params.width;
  if (row >= params.height) { return; }
  let first = vec2i(vec2u(row, pixel - row * params.width) * params.strides) - vec2i(params.pads);
  let size = vec2i(params.x_size);
  var sum = weight(ROWS * COLUMNS * params.quads + quad);
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = first.x + i32(ky * params.dilations.x);
    if (v < 0 || v >= size.x) { continue; }
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let u = first.y + i32(kx * params.dilations.y);
      let column = clamp(u, 0, size.y - 1);
      let value = decode(x[u32(v * size.y + column) * params.x_stride + quad]) * select(0.0, 1.0, u == column);
      sum += weight((ky * COLUMNS + kx) * params.quads + quad) * value;
    }
  }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(activated(sum, quad, params.quads));
}
