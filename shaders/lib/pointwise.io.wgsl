// What the forms of `pointwise` share: parameters, bindings, operands and most of the epilogue.
override POOLED: bool = false;      // the shortcut is read through a 2×2 average, stride 2
override GATE: bool = false;
override RESIDUAL: bool = false;
override RELU: bool = false;

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
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> gate: array<vec4f>;
@group(0) @binding(3) var<storage, read> shortcut: array<stored>;
@group(0) @binding(4) var<storage, read> residual: array<stored>;
@group(0) @binding(5) var<storage, read> addend: array<stored>;
@group(0) @binding(6) var<storage, read> weights: array<packed>;
@group(0) @binding(7) var<storage, read_write> y: array<stored>;

fn operand(at: vec4u, k: u32) -> mat4x4f {
  let m = mat4x4f(decode(x[at.x + k]), decode(x[at.y + k]), decode(x[at.z + k]), decode(x[at.w + k]));
  if (!GATE) { return m; }
  let g = gate[k];
  return mat4x4f(m[0] * g, m[1] * g, m[2] * g, m[3] * g);
}

// Where the 2×2 window of an output pixel lies in the shortcut. A clamped index repeats the border pixel of an odd map, so the mean of
// four is the mean of those that exist.
fn window(pixel: u32) -> vec4u {
  let row = pixel / params.width * 2u;
  let column = (pixel - pixel / params.width * params.width) * 2u;
  let rows = vec2u(row, min(row + 1u, params.shortcut_height - 1u)) * params.shortcut_width;
  let columns = vec2u(column, min(column + 1u, params.shortcut_width - 1u));
  return (rows.xxyy + columns.xyxy) * params.shortcut_stride;
}

fn pooled(at: vec4u, k: u32) -> vec4f {
  return (decode(shortcut[at.x + k]) + decode(shortcut[at.y + k]) + decode(shortcut[at.z + k]) + decode(shortcut[at.w + k])) * 0.25;
}

// The windows of four pixels; without POOLED each is one pixel.
struct Windows {
  a: vec4u,
  b: vec4u,
  c: vec4u,
  d: vec4u,
}
fn windows(pixels: vec4u) -> Windows {
  if (POOLED) { return Windows(window(pixels.x), window(pixels.y), window(pixels.z), window(pixels.w)); }
  let at = pixels * params.shortcut_stride;
  return Windows(at.xxxx, at.yyyy, at.zzzz, at.wwww);
}

fn shortcut_operand(w: Windows, k: u32) -> mat4x4f {
  if (POOLED) { return mat4x4f(pooled(w.a, k), pooled(w.b, k), pooled(w.c, k), pooled(w.d, k)); }
  return mat4x4f(decode(shortcut[w.a.x + k]), decode(shortcut[w.b.x + k]), decode(shortcut[w.c.x + k]), decode(shortcut[w.d.x + k]));
}

// What is stored of a sum, but for the addend.
fn finished(pixel: u32, quad: u32, sum: vec4f) -> vec4f {
  var value = sum;
  if (RESIDUAL) { value += decode(residual[pixel * params.residual_stride + quad]); }
  return select(value, max(value, vec4f()), RELU);
}
