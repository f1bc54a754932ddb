// Resize to an explicit size: bilinear with half-pixel centres, with corner centres aligned, or nearest. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/bilinear.wgsl

override CORNERS: bool = false;
override NEAREST: bool = false;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

fn at(row: u32, column: u32, quad: u32) -> vec4f { return decode(x[(row * params.x_width + column) * params.x_stride + quad]); }

fn tap_of(index: u32, source_size: u32, size: u32) -> Tap {
  if (NEAREST) {
    let low = index * source_size / size;
    return Tap(low, low, 0.0);
  }
  if (!CORNERS) { return tap(index, source_size, size); }
  let source = f32(index) * f32(source_size - 1u) / f32(max(size, 2u) - 1u);
  let low = min(u32(source), source_size - 1u);
  return Tap(low, min(low + 1u, source_size - 1u), source - f32(low));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  let row = pixel / params.width;
  if (row >= params.height) { return; }
  let v = tap_of(row, params.x_height, params.height);
  let u = tap_of(pixel - row * params.width, params.x_width, params.width);
  let upper = mix(at(v.low, u.low, quad), at(v.low, u.high, quad), u.t);
  let lower = mix(at(v.high, u.low, quad), at(v.high, u.high, quad), u.t);
  y[pixel * params.y_stride + params.y_offset + quad] = encode(mix(upper, lower, v.t));
}
