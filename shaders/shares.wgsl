// How many pixels of a class map have each class. A lane counts a row's run of up to RUN pixels, and adds where the class changes.
// use lib/lane.wgsl

const RUN = 64u;

struct Params {
  height: u32,
  width: u32,
  runs: u32,  // of a row
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var classes: texture_2d<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<atomic<u32>>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let row = lane / params.runs;
  let first = (lane - row * params.runs) * RUN;
  if (row >= params.height) { return; }
  var present = textureLoad(classes, vec2u(first, row), 0).r;
  var count = 0u;
  for (var n = 0u; n < RUN; n += 1u) {
    if (first + n >= params.width) { break; }
    let next = textureLoad(classes, vec2u(first + n, row), 0).r;
    if (next != present) {
      atomicAdd(&y[present], count);
      present = next;
      count = 0u;
    }
    count += 1u;
  }
  atomicAdd(&y[present], count);
}
