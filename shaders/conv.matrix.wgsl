// `conv` for GPUs with subgroup matrices: the same implicit product with operands of halves.
// use lib/matrix.halves.wgsl
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/weights.matrix.wgsl
// use lib/activation.wgsl
// use lib/conv.io.wgsl
// use lib/conv.staged.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.wgsl
// use lib/matrix.product.wgsl

@group(0) @binding(3) var<storage, read> weights: array<packed>;

// A matrix of sums that lies at `at`, by the lanes of its subgroup: with POOL four rows of it are the corners of a window.
fn finish_matrix(at: u32, lane: u32, pixel: u32, quad: u32) {
  let across = MATRIX_N / 4u;
  for (var turn = 0u; turn < MATRIX_QUADS / MATRIX_LANES; turn += 1u) {
    let index = turn * MATRIX_LANES + lane;
    let own = quad + index % across;
    if (!POOL) {
      finish(pixel + index / across, own, staged(at + index) + bias(params.bias, own));
    } else if (index < MATRIX_QUADS / 4u) {
      let corner = at + index / across * 4u * across + index % across;
      let most = max(max(staged(corner), staged(corner + across)), max(staged(corner + 2u * across), staged(corner + 3u * across)));
      finish(pixel / 4u + index / across, own, most + bias(params.bias, own));
    }
  }
}

fn has_more() -> bool { return false; }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * select(PIXELS, PIXELS / 4u, POOL) >= params.height * params.width) { return; }
  make(lane, group, params.steps, 0u);
}
