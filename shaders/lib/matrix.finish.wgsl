// A matrix of sums that lies at `at`, by the lanes of its subgroup: neighbours store neighbouring quads of a pixel.
fn finish_matrix(at: u32, lane: u32, pixel: u32, quad: u32) {
  for (var turn = 0u; turn < MATRIX_QUADS / MATRIX_LANES; turn += 1u) {
    let index = turn * MATRIX_LANES + lane;
    let own = quad + index % (MATRIX_N / 4u);
    finish(pixel + index / (MATRIX_N / 4u), own, staged(at + index) + bias(params.bias, own));
  }
}
