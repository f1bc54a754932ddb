// One axis of a Gaussian blur, clamped at the picture's border: two of them are the whole. A lane makes a pixel.
// use lib/lane.wgsl
// use lib/picture.wgsl

override DOWN: bool = false;

struct Params {
  height: u32,
  width: u32,
  reach: u32,       // pixels on each side, three deviations
  deviation: f32,   // of the Gaussian, in pixels
}
@group(0) @binding(1) var frame: texture_2d<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let row = lane / params.width;
  let column = lane - row * params.width;
  if (row >= params.height) { return; }
  let reach = i32(params.reach);
  let axis = select(vec2i(1, 0), vec2i(0, 1), DOWN);
  let last = vec2i(i32(params.width) - 1, i32(params.height) - 1);
  var sum = vec4f();
  var total = 0.0;
  for (var n = -reach; n <= reach; n += 1) {
    let distance = f32(n) / params.deviation;
    let weight = exp(-0.5 * distance * distance);
    sum += weight * textureLoad(frame, clamp(vec2i(i32(column), i32(row)) + n * axis, vec2i(0), last), 0);
    total += weight;
  }
  put(row, column, vec4f(sum.rgb / total, 1.0));
}
