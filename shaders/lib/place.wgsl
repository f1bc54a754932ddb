// Where a lane works that makes a channel quad of a pixel: quads follow one another, and so do the pixels of all rows. What lies behind the last has a row beyond it.
struct Place {
  pixel: u32,
  row: u32,
  quad: u32,
}
fn place_of(lane: u32) -> Place {
  let pixel = lane / params.quads;
  return Place(pixel, pixel / params.width, lane - pixel * params.quads);
}
// Made where it is needed: before the row is tested it took `depthwise` a dozen instructions more on RDNA 3.
fn column_of(p: Place) -> u32 { return p.pixel - p.row * params.width; }
