// Any number to any place, from up to four maps: a channel, row and column of the result each add their part to where the number lies. A lane makes
// one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  channels: u32,
  quads: u32,
  y_stride: u32,
  y_offset: u32,
  fill: f32,
  strides: vec4u,  // of the four maps
  widths: vec4u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> first: array<stored>;
@group(0) @binding(2) var<storage, read> second: array<stored>;
@group(0) @binding(3) var<storage, read> third: array<stored>;
@group(0) @binding(4) var<storage, read> fourth: array<stored>;
@group(0) @binding(5) var<storage, read> weights: array<vec4f>;  // channel, row, column, map: of all channels, in whole quads, rows, columns
@group(0) @binding(6) var<storage, read_write> y: array<stored>;

fn number(place: vec4f) -> f32 {
  if (any(place.xyz < vec3f())) { return params.fill; }
  let at_place = vec4u(place);
  let at = (at_place.y * params.widths[at_place.w] + at_place.z) * params.strides[at_place.w] + at_place.x / 4u;
  switch (at_place.w) {
    case 0u: { return decode(first[at])[at_place.x % 4u]; }
    case 1u: { return decode(second[at])[at_place.x % 4u]; }
    case 2u: { return decode(third[at])[at_place.x % 4u]; }
    default: { return decode(fourth[at])[at_place.x % 4u]; }
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let column = column_of(p);
  let place = weights[params.quads * 4u + p.row] + weights[params.quads * 4u + params.height + column];
  let c = p.quad * 4u;
  let value = vec4f(number(place + weights[c]), number(place + weights[c + 1u]), number(place + weights[c + 2u]), number(place + weights[c + 3u]));
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(select(vec4f(), value, vec4u(c) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.channels)));
}
