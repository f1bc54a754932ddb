// What the forms of `tail` share: parameters, bindings, operands and what is stored.
override QUADS: u32 = 1u;       // input channels / 4, of both parts
override COARSE: u32 = 0u;      // of these in x, which is resized; 0: x is the whole operand and has the output's size
override PAIRS: u32 = 8u;       // channels of the convolution / 8: 4, 8 or 16
override PROJECTED: u32 = 0u;   // channels of the classifier / 4, rounded up; 0 without
override RELU: bool = false;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  beside_stride: u32,
  y_stride: u32,
  y_offset: u32,
  across: u32,   // tiles of a row
  bias: u32,     // where the biases begin in weights
  project: u32,  // where the classifier begins: 4×4 blocks, then its biases
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> beside: array<stored>;
@group(0) @binding(3) var<storage, read> weights: array<packed>;
@group(0) @binding(4) var<storage, read_write> y: array<stored>;

fn resized(row: u32, column: u32, quad: u32) -> vec4f {
  let v = tap(row, params.x_height, params.height);
  let u = tap(column, params.x_width, params.width);
  let upper = mix(decode(x[(v.low * params.x_width + u.low) * params.x_stride + quad]),
                  decode(x[(v.low * params.x_width + u.high) * params.x_stride + quad]), u.t);
  let lower = mix(decode(x[(v.high * params.x_width + u.low) * params.x_stride + quad]),
                  decode(x[(v.high * params.x_width + u.high) * params.x_stride + quad]), u.t);
  return mix(upper, lower, v.t);
}

// Zero outside the map.
fn operand(row: i32, column: i32, quad: u32) -> vec4f {
  if ((row < 0) | (column < 0) | (row >= i32(params.height)) | (column >= i32(params.width))) { return vec4f(); }
  let pixel = u32(row) * params.width + u32(column);
  if (COARSE == 0u) { return decode(x[pixel * params.x_stride + quad]); }
  if (quad < COARSE) { return resized(u32(row), u32(column), quad); }
  return decode(beside[pixel * params.beside_stride + quad - COARSE]);
}

fn activated(sum: vec4f) -> vec4f { return select(sum, max(sum, vec4f()), RELU); }

fn store(row: u32, column: u32, quad: u32, value: vec4f) {
  if ((row >= params.height) | (column >= params.width)) { return; }
  y[(row * params.width + column) * params.y_stride + params.y_offset + quad] = encode(value);
}
