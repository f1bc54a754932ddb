// Taps of a zoom: cell i sits at pixel i · SCALE, pixels behind the last cell repeat it.
override SCALE: u32 = 8u;  // pixels from one cell to the next

struct Tap {
  low: u32,
  high: u32,
  t: f32,  // weight of `high`
}
fn zoomed(index: u32, cells: u32) -> Tap {
  let cell = index / SCALE;
  let low = min(cell, cells - 1u);
  return Tap(low, min(low + 1u, cells - 1u), f32(index - cell * SCALE) / f32(SCALE));
}
