// Transposed convolution of one group a channel, on a map of tiles that don't see one another: TAPS cells an axis reach a pixel, because
// the stride divides the kernel. Weights lie as [kernel row][kernel column][quad].
override TAPS: u32 = 2u;  // kernel / stride

// Along one axis: tap n is the cell `cell - n` through the kernel's row `k + n * stride`, if that cell lies in the pixel's tile, which
// is [low, high).
struct Reach {
  cell: i32,
  k: u32,
  low: i32,
  high: i32,
}
fn reach_of(index: u32, cells: u32, tile: u32, grown: u32) -> Reach {
  let number = index / grown;
  let low = number * tile;
  let shifted = index - number * grown + params.pad;
  let cell = shifted / params.stride;
  return Reach(i32(low + cell), shifted - cell * params.stride, i32(low), i32(min(low + tile, cells)));
}

fn deconvolved(v: Reach, u: Reach, quad: u32) -> vec4f {
  var sum = vec4f();
  for (var m = 0u; m < TAPS; m += 1u) {
    let row = v.cell - i32(m);
    if (row < v.low || row >= v.high) { continue; }
    let line = (v.k + m * params.stride) * TAPS * params.stride + u.k;
    for (var n = 0u; n < TAPS; n += 1u) {
      let column = u.cell - i32(n);
      if (column < u.low || column >= u.high) { continue; }
      let weight = weights[(line + n * params.stride) * params.quads + quad];
      sum += weight * decode(x[(u32(row) * params.x_width + u32(column)) * params.x_stride + quad]);
    }
  }
  return sum;
}
