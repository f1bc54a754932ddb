// The end of a network that grows its logits by a transposed convolution: the class of every pixel, without logits at picture size. A lane
// makes four pixels of a row, stored as one word; rows are padded to 256 bytes for copies.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/deconv.wgsl
// use lib/best.wgsl

struct Params {
  height: u32,  // of the class map, in pixels
  width: u32,
  quads: u32,  // classes / 4, rounded up
  x_height: u32,
  x_width: u32,
  x_stride: u32,  // channel quads a pixel
  classes: u32,    // channels of x
  row_words: u32,  // of the class map, padding included
  first_class: u32,  // of channel 0: 1 where class 0 has no channel
  background: f32,   // what a score must exceed to be a class at all
  stride: u32,     // pixels from one cell to the next
  pad: u32,
  tile_height: u32,  // in cells
  tile_width: u32,
  grown_height: u32,  // of what a tile grows to, in pixels
  grown_width: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

fn class_at(v: Reach, column: u32) -> u32 {
  let u = reach_of(column, params.x_width, params.tile_width, params.grown_width);
  var best = background();
  for (var quad = 0u; quad < params.quads; quad += 1u) { best = best_of(best, deconvolved(v, u, quad), quad); }
  return best.class_index;
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let words = (params.width + 3u) / 4u;
  let row = lane / words;
  let word = lane - row * words;
  if (row >= params.height) { return; }
  let v = reach_of(row, params.x_height, params.tile_height, params.grown_height);
  // Pixels beyond the row's end repeat its last one: they lie in the padding.
  let column = min(vec4u(word * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(params.width - 1u));
  let classes = vec4u(class_at(v, column.x), class_at(v, column.y), class_at(v, column.z), class_at(v, column.w));
  y[row * params.row_words + word] = classes.x | (classes.y << 8u) | (classes.z << 16u) | (classes.w << 24u);
}
