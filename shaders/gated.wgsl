// The 1×1 convolution that ends a D block, for GPUs: every workgroup first makes the block's gate from the sums that the grouped
// convolution left (means, 1×1, ReLU, 1×1, sigmoid: the same few thousand products again in each, instead of a dispatch that all wait for),
// then multiplies as `pointwise.workgroup` does. The gate takes 4 KiB, so that there is room for 64 channels a workgroup.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/shortcut.wgsl
// use lib/staged.wgsl
// use lib/staged.place.wgsl
// use lib/gated.io.wgsl
// use lib/gate.wgsl

const MOST_LANES = 128u;  // of a workgroup: the gate takes 4 KiB of its memory (src/kernels/gated.ts keeps to it)
const MAX_QUADS = 256u;

// Means first. Until the products begin, `stage` holds what lanes add up for one another, and `blocks` the hidden layer.
var<workgroup> gate: array<vec4f, MAX_QUADS>;
fn put_quad(at: u32, quad: vec4f) { stage[at] = quad; }
fn staged(at: u32) -> vec4f { return stage[at]; }
fn put_hidden(at: u32, quad: vec4f) { blocks[at] = quad; }
fn hidden(at: u32) -> vec4f { return blocks[at]; }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (tile_of(group) * PIXELS >= params.height * params.width) { return; }
  make_gate(lane);
  finish_tile(lane, group, product(lane, group, QUADS, SHORTCUT_QUADS));
}
