// `twin` for GPUs: the same product with both operands staged in workgroup memory.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/twin.io.wgsl
// use lib/staged.wgsl

struct Place {
  x: u32,
}
fn place_of(tile: u32, index: u32) -> Place { return Place(min(tile * PIXELS + index, params.pixels - 1u) * params.x_stride); }

fn quad_at(place: Place, k: u32, _part: u32) -> vec4f { return decode(x[place.x + k]); }
fn scaled(quad: vec4f, _step: u32, _part: u32) -> vec4f { return quad; }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * PIXELS >= params.pixels) { return; }
  finish_tile(lane, group, product(lane, group, QUADS, 0u));
}
