// What the forms of `gated` share: parameters, bindings, operands and the epilogue.
override QUADS: u32 = 1u;           // input channels / 4
override SHORTCUT_QUADS: u32 = 0u;  // input channels of the shortcut / 4
override RESIDUAL: bool = false;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  y_quads: u32,
  pairs: u32,  // output channels / 8, rounded up
  bias: u32,   // where the biases begin in weights
  shortcut_height: u32,
  shortcut_width: u32,
  shortcut_stride: u32,
  residual_stride: u32,
  excite: u32,  // where its weights begin in weights, laid out as `excite` has them
  scale: f32,   // 1 / pixels that the sums run over
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> sums: array<vec4f>;
@group(0) @binding(3) var<storage, read> shortcut: array<stored>;
@group(0) @binding(4) var<storage, read> residual: array<stored>;
@group(0) @binding(5) var<storage, read> weights: array<packed>;
@group(0) @binding(6) var<storage, read_write> y: array<stored>;

fn quad_at(place: Place, k: u32, part: u32) -> vec4f {
  if (part == 1u) { return shortcut_quad(place.window, k - QUADS); }
  return decode(x[place.x + k]);
}
fn scaled(quad: vec4f, k: u32, part: u32) -> vec4f {
  if (part == 1u) { return quad; }
  return quad * gate[k];
}

fn finish(pixel: u32, quad: u32, sum: vec4f) {
  if ((pixel >= params.height * params.width) | (quad >= params.y_quads)) { return; }
  var value = sum;
  if (RESIDUAL) { value += decode(residual[pixel * params.residual_stride + quad]); }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(activated(value, quad, params.y_quads));
}
