// `qconv` for GPUs with subgroup matrices of int8 with int32 sums, of one group and one branch: as `conv.matrix`, 32 codes of an operand a round.
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/codes.wgsl
// use lib/qconv.io.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.codes.wgsl
// use lib/qconv.places.wgsl
// use lib/matrix.product.wgsl

fn place_of(tile: u32, index: u32) -> Place { return place_at(tile * PIXELS + index, 0u, params.branch_0); }

// A matrix of sums that lies at `at`, by the lanes of its subgroup.
fn finish_matrix(at: u32, lane: u32, pixel: u32, quad: u32) {
  for (var turn = 0u; turn < MATRIX_QUADS / MATRIX_LANES; turn += 1u) {
    let index = turn * MATRIX_LANES + lane;
    let own = pixel + index / (MATRIX_N / 4u);
    if (own < params.height * params.width) { finish(own, quad + index % (MATRIX_N / 4u), staged(at + index)); }
  }
}

fn has_more() -> bool { return false; }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * PIXELS >= params.height * params.width) { return; }
  make(lane, group, ROWS * COLUMNS * pairs_of_tap(), 0u);
}
