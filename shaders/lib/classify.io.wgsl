// What kernels share that make a class map of a smaller map: a lane four pixels of a row.
struct Params {
  height: u32,  // of the class map, in pixels
  width: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,   // channel quads a pixel
  classes: u32,    // channels of x
  row_words: u32,  // of the class map, padding included
  first_class: u32,  // of channel 0: 1 where class 0 has no channel
  background: f32,   // what a score must exceed to be a class at all
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
