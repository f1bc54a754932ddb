// What the forms of `stem` share: a dense convolution of the frame, which they read through `normalised`.
struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  x_height: u32,  // of the frame
  x_width: u32,
  y_stride: u32,
  y_offset: u32,
  y_quads: u32,
  pairs: u32,   // output channels / 8, rounded up
  across: u32,  // tiles of a row
  stride: u32,
  dilation: u32,
  pad: u32,
  bias: u32,    // where the biases begin in weights
  scale: vec4f,  // 1 / std, and mean / std, of values in [0, 1]
  shift: vec4f,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<packed>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

fn finish(row: u32, column: u32, quad: u32, sum: vec4f) {
  if (column >= params.width || quad >= params.y_quads) { return; }
  let value = activated(sum, quad, params.y_quads);
  y[(row * params.width + column) * params.y_stride + params.y_offset + quad] = encode(value);
}
