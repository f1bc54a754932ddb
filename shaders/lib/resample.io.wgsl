// What kernels share that make each pixel's channel quad from some pixels of `x`: a lane a quad.
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

fn store(pixel: u32, quad: u32, value: vec4f) { y[pixel * params.y_stride + params.y_offset + quad] = encode(value); }
