// `conv` for GPUs: an implicit matrix product, whose depth runs over the taps of the kernel and the quads of each, with both operands staged
// in workgroup memory: a lane fetches quad k of tap t of a pixel, or zero where the tap is padding. Pixels are numbered through all rows, so
// that no width leaves lanes idle; with POOL through the windows, so that a lane's eight pixels are two windows of four.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/conv.io.wgsl
// use lib/staged.wgsl
// use lib/conv.staged.wgsl

@group(0) @binding(3) var<storage, read> weights: array<packed>;

fn finish_window(window: u32, quad: u32, corners: mat4x4f) {
  finish(window, quad, max(max(corners[0], corners[1]), max(corners[2], corners[3])));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let tile = tile_of(group);
  if (tile * select(PIXELS, PIXELS / 4u, POOL) >= params.height * params.width) { return; }
  let sums = product(lane, group, params.steps, 0u);
  if (!POOL) {
    finish_tile(lane, group, sums);
    return;
  }
  let window = tile * (PIXELS / 4u) + lane % SLOTS;
  let quad = pair_of(group, lane) * 2u;
  finish_window(window, quad, sums.left_even);
  finish_window(window, quad + 1u, sums.left_odd);
  finish_window(window + SLOTS, quad, sums.right_even);
  finish_window(window + SLOTS, quad + 1u, sums.right_odd);
}
