// What the forms of `pointwise` share: parameters, bindings but for the weights, operands and most of the epilogue.
override GATE: bool = false;
override RESIDUAL: bool = false;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  y_quads: u32,
  pairs: u32,  // output channels / 8, rounded up
  quads: u32,  // input channels / 4
  shortcut_quads: u32,
  bias: u32,   // where the biases begin in weights
  shortcut_height: u32,
  shortcut_width: u32,
  shortcut_stride: u32,
  residual_stride: u32,
  addend_height: u32,
  addend_width: u32,
  addend_stride: u32,
  least: f32,  // what no sum ends below: 0 for a ReLU, else next to the lowest number
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> gate: array<vec4f>;
@group(0) @binding(3) var<storage, read> shortcut: array<stored>;
@group(0) @binding(4) var<storage, read> residual: array<stored>;
@group(0) @binding(5) var<storage, read> addend: array<stored>;
@group(0) @binding(7) var<storage, read_write> y: array<stored>;

fn operand(at: vec4u, k: u32) -> mat4x4f {
  let m = mat4x4f(decode(x[at.x + k]), decode(x[at.y + k]), decode(x[at.z + k]), decode(x[at.w + k]));
  if (!GATE) { return m; }
  let g = gate[k];
  return mat4x4f(m[0] * g, m[1] * g, m[2] * g, m[3] * g);
}

// The windows of four pixels.
struct Windows {
  a: vec4u,
  b: vec4u,
  c: vec4u,
  d: vec4u,
}
fn windows(pixels: vec4u) -> Windows {
  return Windows(window(pixels.x), window(pixels.y), window(pixels.z), window(pixels.w));
}

fn shortcut_operand(w: Windows, k: u32) -> mat4x4f {
  return mat4x4f(shortcut_quad(w.a, k), shortcut_quad(w.b, k), shortcut_quad(w.c, k), shortcut_quad(w.d, k));
}

// What is stored of a sum, but for the addend.
fn finished(pixel: u32, quad: u32, sum: vec4f) -> vec4f {
  var value = sum;
  if (RESIDUAL) { value += decode(residual[pixel * params.residual_stride + quad]); }
  return activated(value, quad, params.y_quads);
}
