// What the forms of `twin` share: parameters, bindings and the epilogue.
override QUADS: u32 = 1u;  // input channels / 4

struct Params {
  pixels: u32,
  x_stride: u32,  // strides and offsets are in channel quads
  y_stride: u32,
  y_offset: u32,
  y_quads: u32,   // an even number: pairs of quads are whole
  also_stride: u32,
  also_offset: u32,
  also_quads: u32,
  pairs: u32,  // output channels of both / 8, rounded up
  bias: u32,   // where the biases begin in weights
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<packed>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;
@group(0) @binding(4) var<storage, read_write> also: array<stored>;

fn finish(pixel: u32, quad: u32, sum: vec4f) {
  if ((pixel >= params.pixels) | (quad >= params.y_quads + params.also_quads)) { return; }
  let value = encode(activated(sum, quad, params.y_quads + params.also_quads));
  if (quad < params.y_quads) { y[pixel * params.y_stride + params.y_offset + quad] = value; }
  else { also[pixel * params.also_stride + params.also_offset + quad - params.y_quads] = value; }
}
