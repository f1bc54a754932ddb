// Sums of every channel of a map of codes, as numbers: tile t is eight pixels of a row, strip s takes the tiles t ≡ s. A lane sums a channel quad of a strip.
// use lib/lane.wgsl
// use lib/codes.wgsl

struct Params {
  height: u32,
  width: u32,
  x_stride: u32,  // channel quads a pixel
  quads: u32,
  across: u32,    // tiles of a row
  strips: u32,
  zero: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let strip = lane / params.quads;
  let quad = lane - strip * params.quads;
  if (strip >= params.strips) { return; }
  var sums = vec4i();
  for (var tile = strip; tile < params.across * params.height; tile += params.strips) {
    let row = tile / params.across;
    let column = (tile - row * params.across) * 8u;
    for (var u = column; u < min(column + 8u, params.width); u += 1u) {
      sums += codes_of(x[(row * params.width + u) * params.x_stride + quad]) - i32(params.zero);
    }
  }
  y[lane] = held(sums) * params.scale;
}
