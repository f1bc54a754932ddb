// All places of some axes become one. A lane makes one channel quad of a pixel that is left, or its one channel.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl

override OPERATION: u32 = 0u;  // its number in src/graph/graph.ts
override CHANNELS: bool = false;  // over the channels too

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  y_stride: u32,
  y_offset: u32,
  rows: u32,  // that become one
  columns: u32,
  x_channels: u32,
  x_stride: u32,
  x_width: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

const MEAN = 0u;
const MAX = 2u;
const MIN = 3u;
const L1 = 4u;
const L2 = 5u;
const SQUARES = 6u;
const VARIANCE = 7u;

fn joined(a: vec4f, b: vec4f) -> vec4f {
  if (OPERATION == MAX) { return max(a, b); }
  if (OPERATION == MIN) { return min(a, b); }
  if (OPERATION == L1) { return a + abs(b); }
  if (OPERATION == L2 || OPERATION == SQUARES) { return a + b * b; }
  return a + b;
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let column = column_of(p);
  let all = (params.x_channels + 3u) / 4u;
  let first = select(p.quad, 0u, CHANNELS);
  let end = select(p.quad + 1u, all, CHANNELS);
  // Lanes beyond the last channel add nothing: they repeat the first of their quad, or zero.
  let extreme = OPERATION == MAX || OPERATION == MIN;
  var sum = vec4f();
  if (extreme) { sum = vec4f(select(3.4e38, -3.4e38, OPERATION == MAX)); }
  for (var v = 0u; v < params.rows; v += 1u) {
    for (var u = 0u; u < params.columns; u += 1u) {
      let at = ((p.row + v) * params.x_width + column + u) * params.x_stride;
      for (var k = first; k < end; k += 1u) {
        let value = decode(x[at + k]);
        let there = vec4u(k * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.x_channels);
        sum = joined(sum, select(vec4f(select(0.0, value.x, extreme)), value, there));
      }
    }
  }
  var count = f32(params.rows * params.columns);
  if (CHANNELS) {
    count *= f32(params.x_channels);
    if (OPERATION == MAX) { sum = vec4f(max(max(sum.x, sum.y), max(sum.z, sum.w)), 0.0, 0.0, 0.0); }
    else if (OPERATION == MIN) { sum = vec4f(min(min(sum.x, sum.y), min(sum.z, sum.w)), 0.0, 0.0, 0.0); }
    else { sum = vec4f(sum.x + sum.y + sum.z + sum.w, 0.0, 0.0, 0.0); }
  } else if (extreme) {
    sum = select(vec4f(), sum, vec4u(p.quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.x_channels));
  }
  if (OPERATION == MEAN || OPERATION == VARIANCE) { sum /= count; }
  if (OPERATION == VARIANCE) {
    // Once more, now that the mean is known: squares of the numbers themselves would cancel.
    let mean = select(sum, vec4f(sum.x), CHANNELS);
    var apart = vec4f();
    for (var v = 0u; v < params.rows; v += 1u) {
      for (var u = 0u; u < params.columns; u += 1u) {
        let at = ((p.row + v) * params.x_width + column + u) * params.x_stride;
        for (var k = first; k < end; k += 1u) {
          let distance = decode(x[at + k]) - mean;
          apart += select(vec4f(), distance * distance, vec4u(k * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.x_channels));
        }
      }
    }
    sum = select(apart, vec4f(apart.x + apart.y + apart.z + apart.w, 0.0, 0.0, 0.0), CHANNELS) / count;
  }
  if (OPERATION == L2) { sum = sqrt(sum); }
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(sum);
}
