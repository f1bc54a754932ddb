// `gated` for GPUs with subgroup matrices: the same gate, and a product with operands of halves.
// use lib/matrix.halves.wgsl
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/weights.matrix.wgsl
// use lib/activation.wgsl
// use lib/shortcut.wgsl
// use lib/gated.io.wgsl
// use lib/gate.wgsl
// use lib/staged.place.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.wgsl
// use lib/matrix.product.wgsl
// use lib/matrix.finish.wgsl

const MAX_QUADS = 128u;  // src/kernels/gated.ts keeps to it

// Means first. Until the products begin, the first half of `stage` holds what lanes add up for one another, the second the hidden layer.
var<workgroup> gate: array<vec4f, MAX_QUADS>;
fn put_hidden(at: u32, quad: vec4f) { put_quad(STAGE / 2u + at, quad); }
fn hidden(at: u32) -> vec4f { return staged(STAGE / 2u + at); }

fn has_more() -> bool { return SHORTCUT_QUADS > 0u; }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * PIXELS >= params.height * params.width) { return; }
  make_gate(lane);
  make(lane, group, QUADS, SHORTCUT_QUADS);
}
