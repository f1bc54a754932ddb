// What the forms of `grouped` share: parameters, bindings but for the weights, and the epilogue.
override GROUP: u32 = 4u;   // channels of a group / 4
override SQUEEZE: bool = false;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  pairs: u32,   // channels / 8
  across: u32,  // tiles of a row
  strips: u32,  // tile t belongs to strip t mod strips
  branch_quads: u32,
  bias: u32,  // where the biases begin in weights
  stride: u32,
  dilations: vec4u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>;  // strips × channels

fn store(row: u32, column: u32, quad: u32, sum: vec4f) -> vec4f {
  let value = activated(sum, quad, params.pairs * 2u);
  y[(row * params.width + column) * params.y_stride + params.y_offset + quad] = encode(value);
  return value;
}
