// 1×1 convolution as a matrix product over pixels, with all that a D block hangs on it: the SE gate on the operand, the shortcut as
// further input channels, the residual, the ReLU, and an upsampled map on top. A lane makes 8 pixels × 8 channels in registers:
// four named 4×4 accumulators, 16 loads for 256 multiply-adds, no workgroup memory and no barrier.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl
// use lib/bilinear.wgsl

override QUADS: u32 = 1u;           // input channels / 4
override SHORTCUT_QUADS: u32 = 0u;  // input channels of the shortcut / 4
override POOLED: bool = false;      // the shortcut is read through a 2×2 average, stride 2
override GATE: bool = false;
override RESIDUAL: bool = false;
override RELU: bool = false;
override ADDEND: bool = false;

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

fn upsampled(pixel: u32, quad: u32) -> vec4f {
  let row = pixel / params.width;
  let v = tap(row, params.addend_height, params.height);
  let u = tap(pixel - row * params.width, params.addend_width, params.width);
  let upper = mix(decode(addend[(v.low * params.addend_width + u.low) * params.addend_stride + quad]),
                  decode(addend[(v.low * params.addend_width + u.high) * params.addend_stride + quad]), u.t);
  let lower = mix(decode(addend[(v.high * params.addend_width + u.low) * params.addend_stride + quad]),
                  decode(addend[(v.high * params.addend_width + u.high) * params.addend_stride + quad]), u.t);
  return mix(upper, lower, v.t);
}

fn finish(pixel: u32, quad: u32, sum: vec4f) {
  if (pixel >= params.height * params.width || quad >= params.y_quads) { return; }
  var value = sum;
  if (RESIDUAL) { value += decode(residual[pixel * params.residual_stride + quad]); }
  if (RELU) { value = max(value, vec4f()); }
  if (ADDEND) { value += upsampled(pixel, quad); }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(value);
}

fn finish4(pixel: u32, quad: u32, sums: mat4x4f) {
  finish(pixel, quad, sums[0]);
  finish(pixel + 1u, quad, sums[1]);
  finish(pixel + 2u, quad, sums[2]);
  finish(pixel + 3u, quad, sums[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let tile = lane / params.pairs;
  let pair = lane - tile * params.pairs;
  let pixel = tile * 8u;
  let pixels = params.height * params.width;
  if (pixel >= pixels) { return; }
  // The last tile may overhang: it reads the last pixel again and stores nothing for it.
  let left = min(vec4u(pixel) + vec4u(0u, 1u, 2u, 3u), vec4u(pixels - 1u));
  let right = min(vec4u(pixel) + vec4u(4u, 5u, 6u, 7u), vec4u(pixels - 1u));
  let left_at = left * params.x_stride;
  let right_at = right * params.x_stride;

  var sums = biased(params.bias, pair * 2u);
  var at = pair * (QUADS + SHORTCUT_QUADS) * 8u;
  for (var k = 0u; k < QUADS; k += 1u) {
    sums = accumulate(sums, at, operand(left_at, k), operand(right_at, k));
    at += 8u;
  }
  let left_windows = windows(left);
  let right_windows = windows(right);
  for (var k = 0u; k < SHORTCUT_QUADS; k += 1u) {
    sums = accumulate(sums, at, shortcut_operand(left_windows, k), shortcut_operand(right_windows, k));
    at += 8u;
  }
  finish4(pixel, pair * 2u, sums.left_even);
  finish4(pixel, pair * 2u + 1u, sums.left_odd);
  finish4(pixel + 4u, pair * 2u, sums.right_even);
  finish4(pixel + 4u, pair * 2u + 1u, sums.right_odd);
}
