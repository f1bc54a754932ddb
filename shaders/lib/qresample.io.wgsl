// What makes each pixel's codes from some pixels of x.
struct Params {
  height: u32,  // of y, in pixels; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  x_zero: u32,
  y_zero: u32,
  factor: f32,  // from the sum of one pixel, or of all 256ths, to codes of y
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

fn at(row: u32, column: u32, quad: u32) -> vec4i {
  return codes_of(x[(row * params.x_width + column) * params.x_stride + quad]) - i32(params.x_zero);
}

fn store(pixel: u32, quad: u32, sums: vec4i, factor: f32) {
  let codes = whole(vec4f(sums) * factor) + i32(params.y_zero);
  y[pixel * params.y_stride + params.y_offset + quad] = word_of(clamp(codes, vec4i(-128), vec4i(127)));
}
