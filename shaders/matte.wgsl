// A matte: the probability of every pixel from a small map of one channel. A lane interpolates four pixels of a row and stores them as the bytes
// of one word; rows are padded to 256 bytes for copies, as those of class maps are.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/bilinear.wgsl

struct Params {
  height: u32,  // of the matte, in pixels
  width: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,   // channel quads a pixel
  row_words: u32,  // of the matte, padding included
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

override SIGMOID: bool = false;  // x is a logit

fn at(row: u32, column: u32) -> f32 { return decode(x[(row * params.x_width + column) * params.x_stride]).x; }

fn probability(row: Tap, column: u32) -> f32 {
  let u = tap(column, params.x_width, params.width);
  let upper = mix(at(row.low, u.low), at(row.low, u.high), u.t);
  let lower = mix(at(row.high, u.low), at(row.high, u.high), u.t);
  let value = mix(upper, lower, row.t);
  return select(value, 1.0 / (1.0 + exp(-value)), SIGMOID);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let words = (params.width + 3u) / 4u;
  let row = lane / words;
  let word = lane - row * words;
  if (row >= params.height) { return; }
  let v = tap(row, params.x_height, params.height);
  // Pixels beyond the row's end repeat its last one: they lie in the padding.
  let column = min(vec4u(word * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(params.width - 1u));
  y[row * params.row_words + word] =
    pack4x8unorm(vec4f(probability(v, column.x), probability(v, column.y), probability(v, column.z), probability(v, column.w)));
}
