// Depthwise convolution of int8 codes, any geometry. A lane makes one pixel's channel quad in int32, exactly, and a code of each sum by one float32 product.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/codes.wgsl

override ROWS: u32 = 3u;
override COLUMNS: u32 = 3u;
override NUMBERS: bool = false;  // the result are numbers

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets of values are in channel quads, codes as two's complement
  width: u32,
  quads: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  x_size: vec2u,  // rows, columns
  strides: vec2u,
  dilations: vec2u,
  pads: vec2u,
  x_zero: u32,
  zero: u32,      // of the result
  low: u32,
  high: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<vec4u>;  // of a quad, tap after tap, a number a lane's code; then bias and factor
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
@group(0) @binding(4) var<storage, read_write> numbers: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let first = vec2i(vec2u(p.row, column_of(p)) * params.strides) - vec2i(params.pads);
  let size = vec2i(params.x_size);
  let at = p.quad * (ROWS * COLUMNS + 2u);
  var sums = bitcast<vec4i>(weights[at + ROWS * COLUMNS]);
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = first.x + i32(ky * params.dilations.x);
    if (v < 0 || v >= size.x) { continue; }
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let u = first.y + i32(kx * params.dilations.y);
      if (u < 0 || u >= size.y) { continue; }
      let codes = codes_of(x[u32(v * size.y + u) * params.x_stride + p.quad]) - i32(params.x_zero);
      sums += bitcast<vec4i>(weights[at + ky * COLUMNS + kx]) * codes;
    }
  }
  let result = held(sums) * bitcast<vec4f>(weights[at + ROWS * COLUMNS + 1u]);
  let place = p.pixel * params.y_stride + params.y_offset + p.quad;
  if (NUMBERS) {
    numbers[place] = encode(result);
    return;
  }
  y[place] = word_of(clamp(whole(result) + i32(params.zero), vec4i(i32(params.low)), vec4i(i32(params.high))));
}
