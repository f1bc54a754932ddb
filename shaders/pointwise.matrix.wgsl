// `pointwise` for GPUs with subgroup matrices: the same product with operands of halves.
// use lib/matrix.halves.wgsl
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/weights.matrix.wgsl
// use lib/activation.wgsl
// use lib/bilinear.wgsl
// use lib/shortcut.wgsl
// use lib/pointwise.io.wgsl
// use lib/pointwise.finish.wgsl
// use lib/pointwise.staged.wgsl
// use lib/staged.place.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.wgsl
// use lib/matrix.product.wgsl
// use lib/matrix.finish.wgsl

@group(0) @binding(6) var<storage, read> weights: array<packed>;

fn has_more() -> bool { return SHORTCUT; }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * PIXELS >= params.height * params.width) { return; }
  make(lane, group, params.quads, select(0u, params.shortcut_quads, SHORTCUT));
}
