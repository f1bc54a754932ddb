// Which pixels of the source a resize reads for one of its own, in every convention.
override CORNERS: bool = false;
override NEAREST: bool = false;

fn tap_of(index: u32, source_size: u32, size: u32) -> Tap {
  if (NEAREST) {
    let low = index * source_size / size;
    return Tap(low, low, 0.0);
  }
  if (!CORNERS) { return tap(index, source_size, size); }
  let source = f32(index) * f32(source_size - 1u) / f32(max(size, 2u) - 1u);
  let low = min(u32(source), source_size - 1u);
  return Tap(low, min(low + 1u, source_size - 1u), source - f32(low));
}
