// `twin` for GPUs: the same product with both operands staged in workgroup memory.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/twin.io.wgsl
// use lib/staged.wgsl
// use lib/twin.staged.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * PIXELS >= params.pixels) { return; }
  finish_tile(lane, group, product(lane, group, QUADS, 0u));
}
