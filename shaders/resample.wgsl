// Resize by tables: every row and column of the result has some places of x with a weight each. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl

override ROW_TAPS: u32 = 2u;
override COLUMN_TAPS: u32 = 2u;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  quads: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<vec2f>;  // place, weight: of all rows, then of all columns
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let column = column_of(p);
  let columns = params.height * ROW_TAPS + column * COLUMN_TAPS;
  var sum = vec4f();
  for (var k = 0u; k < ROW_TAPS; k += 1u) {
    let v = weights[p.row * ROW_TAPS + k];
    let line = u32(v.x) * params.x_width;
    var across = vec4f();
    for (var l = 0u; l < COLUMN_TAPS; l += 1u) {
      let u = weights[columns + l];
      across += u.y * decode(x[(line + u32(u.x)) * params.x_stride + p.quad]);
    }
    sum += v.y * across;
  }
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(sum);
}
