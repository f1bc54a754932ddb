// The small operations that usually vanish into their neighbours, for values that somebody wants to see: batch norm, curves, sum,
// gate, channel slice, copy into a concat. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl

override AFFINE: bool = false;    // x · scale + shift, one of each a channel, in weights: all scales, then all shifts
override NORM: bool = false;      // the same by gate: what moments of the map make, float32
override ADD: bool = false;       // + other
override MULTIPLY: bool = false;  // · other, one factor a channel
override GATE: bool = false;      // · gate, the same from an excitation, which is always float32

struct Params {
  pixels: u32,
  channels: u32,  // of the output; strides and offsets are in channel quads
  quads: u32,
  x_stride: u32,
  x_offset: u32,
  other_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> other: array<stored>;
@group(0) @binding(3) var<storage, read> gate: array<vec4f>;
@group(0) @binding(4) var<storage, read> weights: array<packed>;
@group(0) @binding(5) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let pixel = lane / params.quads;
  let quad = lane - pixel * params.quads;
  if (pixel >= params.pixels) { return; }
  var value = decode(x[pixel * params.x_stride + params.x_offset + quad]);
  if (AFFINE) { value = value * weight(quad) + weight(params.quads + quad); }
  if (NORM) { value = value * gate[quad] + gate[params.quads + quad]; }
  if (ADD) { value += decode(other[pixel * params.other_stride + quad]); }
  if (MULTIPLY) { value *= decode(other[quad]); }
  if (GATE) { value *= gate[quad]; }
  // Padded lanes are zero everywhere; what lies behind a slice is not, nor is what a curve makes of zero.
  value = select(vec4f(), activated(value, quad, params.quads), vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.channels));
  y[pixel * params.y_stride + params.y_offset + quad] = encode(value);
}
