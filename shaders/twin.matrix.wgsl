// `twin` for GPUs with subgroup matrices: the same product with operands of halves.
// use lib/matrix.halves.wgsl
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/weights.matrix.wgsl
// use lib/activation.wgsl
// use lib/twin.io.wgsl
// use lib/twin.staged.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.wgsl
// use lib/matrix.product.wgsl
// use lib/matrix.finish.wgsl

fn has_more() -> bool { return false; }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * PIXELS >= params.pixels) { return; }
  make(lane, group, QUADS, 0u);
}
