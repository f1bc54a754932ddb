// The convolution of codes but for its products: what it reads, and what becomes of a sum, in int32 and exact. Beyond the map is the code of zero.
// What that code adds to every sum is taken off with the bias.
override QUADS: u32 = 1u;  // input channels of a group / 4
override ROWS: u32 = 3u;
override COLUMNS: u32 = 3u;
override RESIDUAL: bool = false;
override NUMBERS: bool = false;  // the result are numbers

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads, codes as two's complement
  width: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  residual_stride: u32,
  y_quads: u32,
  pairs: u32,         // output channels / 8, rounded up
  across: u32,        // tiles of a row
  group_pairs: u32,   // of a group; all without groups
  branch_pairs: u32,  // of a branch
  ends: u32,          // where what follows the sums begins in weights
  stride_down: u32,
  stride_across: u32,
  zero_word: u32,     // four codes of zero
  zero: u32,          // of the result
  low: u32,
  high: u32,
  residual_zero: u32,
  // Down, across, and what lies above and to the left, of each branch.
  branch_0: vec4u,
  branch_1: vec4u,
  branch_2: vec4u,
  branch_3: vec4u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> residual: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;
@group(0) @binding(5) var<storage, read_write> numbers: array<stored>;

fn branch_of(index: u32) -> vec4u {
  if (index == 0u) { return params.branch_0; }
  if (index == 1u) { return params.branch_1; }
  if (index == 2u) { return params.branch_2; }
  return params.branch_3;
}

fn finish(pixel: u32, quad: u32, products: vec4i) {
  if (quad >= params.y_quads) { return; }
  // Of each quad: bias, factor, and the residual's.
  let ends = params.ends + quad * 3u;
  var sums = products + bitcast<vec4i>(weights[ends]);
  if (RESIDUAL) {
    let beside = codes_of(residual[pixel * params.residual_stride + quad]) - i32(params.residual_zero);
    sums += whole(vec4f(beside) * bitcast<vec4f>(weights[ends + 2u]));
  }
  let result = held(sums) * bitcast<vec4f>(weights[ends + 1u]);
  let at = pixel * params.y_stride + params.y_offset + quad;
  if (NUMBERS) {
    numbers[at] = encode(result);
    return;
  }
  y[at] = word_of(clamp(whole(result) + i32(params.zero), vec4i(i32(params.low)), vec4i(i32(params.high))));
}
