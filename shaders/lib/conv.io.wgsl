// What the forms of `conv` share: parameters, bindings but for the weights, and the epilogue.
override RESIDUAL: bool = false;  // a map of the result's size is added before the activation

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  y_quads: u32,
  pairs: u32,   // output channels / 8, rounded up
  quads: u32,   // input channels / 4
  columns: u32, // of the kernel
  steps: u32,   // rows × columns of the kernel × quads
  across: u32,  // tiles of a row
  stride: u32,
  dilation: u32,
  pad: u32,
  bias: u32,  // where the biases begin in weights
  full_height: u32,  // of the map before the pool
  full_width: u32,
  residual_stride: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> residual: array<stored>;
@group(0) @binding(4) var<storage, read_write> y: array<stored>;

fn store_pixel(pixel: u32, quad: u32, sum: vec4f) {
  var value = sum;
  if (RESIDUAL) { value += decode(residual[pixel * params.residual_stride + quad]); }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(activated(value, quad, params.y_quads));
}
fn store(row: u32, column: u32, quad: u32, sum: vec4f) { store_pixel(row * params.width + column, quad, sum); }
