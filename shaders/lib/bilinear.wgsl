// Bilinear taps with half-pixel centres, clamped at the border: PyTorch's interpolate with align_corners=False.
struct Tap {
  low: u32,
  high: u32,
  t: f32,  // weight of `high`
}
fn tap(index: u32, source_size: u32, size: u32) -> Tap {
  let source = max((f32(index) + 0.5) * f32(source_size) / f32(size) - 0.5, 0.0);
  let low = min(u32(source), source_size - 1u);
  return Tap(low, min(low + 1u, source_size - 1u), source - f32(low));
}
