// Codes one by one: from numbers and back, by a gate, two maps' sum. A lane makes one channel quad of one pixel.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/codes.wgsl

override FROM_NUMBERS: bool = false;
override TO_NUMBERS: bool = false;
override GATE: bool = false;
override ADD: bool = false;   // in 256ths of a code, also where there is no other

struct Params {
  pixels: u32,
  quads: u32,
  channels: u32,
  x_stride: u32,  // channel quads a pixel
  y_stride: u32,
  y_offset: u32,
  other_stride: u32,
  x_zero: u32,
  other_zero: u32,
  y_zero: u32,
  low: u32,
  high: u32,
  factor: f32,  // from codes of x to codes of y, or to 256ths of them
  other_factor: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<stored>;
@group(0) @binding(3) var<storage, read> other: array<u32>;
@group(0) @binding(4) var<storage, read> gate: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<u32>;
@group(0) @binding(6) var<storage, read_write> numbers: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  if (pixel >= params.pixels) { return; }
  let source = pixel * params.x_stride + quad;
  let at = pixel * params.y_stride + params.y_offset + quad;
  if (TO_NUMBERS) {
    let result = vec4f(codes_of(x[source]) - i32(params.x_zero)) * params.factor;
    // Padded lanes of numbers are zero.
    numbers[at] = encode(select(vec4f(), result, vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.channels)));
    return;
  }
  var factors = vec4f(params.factor);
  if (GATE) { factors *= gate[quad]; }
  var codes = vec4i();
  if (FROM_NUMBERS) {
    codes = whole(decode(values[source]) * factors);
  } else {
    codes = whole(vec4f(codes_of(x[source]) - i32(params.x_zero)) * factors);
  }
  if (ADD) {
    codes += whole(vec4f(codes_of(other[pixel * params.other_stride + quad]) - i32(params.other_zero)) * params.other_factor);
    codes = (codes + 128) >> vec4u(8u);
  }
  y[at] = word_of(clamp(codes + i32(params.y_zero), vec4i(i32(params.low)), vec4i(i32(params.high))));
}
