// `pointwise` for GPUs: the same product with both operands staged in workgroup memory, gated or pooled once as they come.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/bilinear.wgsl
// use lib/shortcut.wgsl
// use lib/pointwise.io.wgsl
// use lib/pointwise.finish.wgsl
// use lib/staged.wgsl
// use lib/staged.place.wgsl
// use lib/pointwise.staged.wgsl

@group(0) @binding(6) var<storage, read> weights: array<packed>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * PIXELS >= params.height * params.width) { return; }
  finish_tile(lane, group, product(lane, group, params.quads, select(0u, params.shortcut_quads, SHORTCUT)));
}
