// What the depthwise shaders share: the form of the kernel, parameters and bindings.
override ROWS: u32 = 3u;
override COLUMNS: u32 = 3u;
override EACH: u32 = 1u;  // channels that one of x makes

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets of values are in channel quads
  width: u32,
  quads: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  x_quads: u32,
  x_size: vec2u,  // rows, columns
  strides: vec2u,
  dilations: vec2u,
  pads: vec2u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<packed>;  // [tap][quad], then the biases
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

// What a quad of the output reads of the pixel that begins at `at`. Of two and more channels to one it reads two neighbours at most.
fn operand(at: u32, quad: u32) -> vec4f {
  if (EACH == 1u) { return decode(x[at + quad]); }
  let first = quad * 4u / EACH;
  let second = min(first + 1u, params.x_quads * 4u - 1u);
  let a = decode(x[at + first / 4u])[first % 4u];
  let b = decode(x[at + second / 4u])[second % 4u];
  return select(vec4f(b), vec4f(a), (vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u)) / EACH == vec4u(first));
}
