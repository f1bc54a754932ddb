// Products of two maps: matrices whose rows are pixels. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl

override TURNED: bool = false;  // the second's columns are its channels, not its pixels

struct Params {
  pixels: u32,
  batch: u32,        // pixels of the first that meet the same of the second
  other_batch: u32,  // which are so many
  quads: u32,        // of the output; strides and offsets are in channel quads
  inner: u32,        // quads that are summed over
  x_stride: u32,
  other_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> other: array<stored>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  if (pixel >= params.pixels) { return; }
  let first = pixel / params.batch * params.other_batch;
  let last = params.other_batch - 1u;
  let source = pixel * params.x_stride;
  var sums = vec4f();
  if (TURNED) {
    for (var k = 0u; k < params.inner; k += 1u) {
      // Lanes of x beyond its last channel are zero, whatever they meet.
      let at = (vec4u(first) + min(vec4u(k * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(last))) * params.other_stride + quad;
      sums += mat4x4f(decode(other[at.x]), decode(other[at.y]), decode(other[at.z]), decode(other[at.w])) * decode(x[source + k]);
    }
  } else {
    let place = vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u);
    let at = (vec4u(first) + min(place, vec4u(last))) * params.other_stride;
    for (var k = 0u; k < params.inner; k += 1u) {
      let value = decode(x[source + k]);
      sums += vec4f(dot(value, decode(other[at.x + k])), dot(value, decode(other[at.y + k])), dot(value, decode(other[at.z + k])), dot(value, decode(other[at.w + k])));
    }
    sums = select(vec4f(), sums, place <= vec4u(last));
  }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(sums);
}
