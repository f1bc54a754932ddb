// What the forms of `squeeze` share: parameters and bindings.
struct Params {
  pixels: u32,
  quads: u32,
  x_stride: u32,  // channel quads a pixel
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;
