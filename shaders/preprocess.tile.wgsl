// The network's beginning for a tile of a larger picture, as DilatedNet's authors cut it: the picture gets a margin of its own reflection, the
// tile is cut from that, and where it overhangs it is continued by the reflection of what was cut. Reflections do not repeat the edge.
// use lib/f32.wgsl
// use lib/lane.wgsl

override BGR: bool = false;

struct Params {
  height: u32,  // of the network's input, in pixels
  width: u32,
  frame_height: u32,
  frame_width: u32,
  margin: u32,
  top: u32,  // of the tile, in the picture with its margin
  left: u32,
  y_stride: u32,  // channel quads a pixel
  scale: vec4f,   // 1 / std, and mean / std, of values in [0, 1]; red first
  shift: vec4f,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var frame: texture_2d<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

// The index within [0, size) that a mirror at each end shows for any index: period 2·size − 2.
fn reflected(index: i32, size: i32) -> i32 {
  if (size == 1) { return 0; }
  let period = 2 * size - 2;
  let within = abs(index) % period;
  return min(within, period - within);
}

// Index of the tile → index of the picture.
fn source(index: u32, start: u32, size: u32, frame_size: u32) -> i32 {
  let there = frame_size + 2u * params.margin - start;
  let cut = reflected(i32(index), i32(min(size, there)));
  return reflected(cut + i32(start) - i32(params.margin), i32(frame_size));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let row = lane / params.width;
  let column = lane - row * params.width;
  if (row >= params.height) { return; }
  let at = vec2i(source(column, params.left, params.width, params.frame_width), source(row, params.top, params.height, params.frame_height));
  let colour = textureLoad(frame, at, 0) * params.scale - params.shift;
  y[lane * params.y_stride] = encode(vec4f(select(colour.rgb, colour.bgr, BGR), 0.0));
}
