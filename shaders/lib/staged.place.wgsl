// Where the operands of a pixel lie, of a 1×1 convolution with a shortcut: a tile that overhangs repeats the last pixel.
struct Place {
  x: u32,
  window: vec4u,
}
fn place_of(tile: u32, index: u32) -> Place {
  let pixel = min(tile * PIXELS + index, params.height * params.width - 1u);
  return Place(pixel * params.x_stride, window(pixel));
}
