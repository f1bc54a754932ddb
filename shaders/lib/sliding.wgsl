// What convolutions of any geometry share: parameters, bindings, and the sum over the input channels under one tap.
override TAPS: u32 = 9u;         // of the kernel
override ALIGNED: bool = false;  // groups are whole quads, both ways

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets of values are in channel quads
  width: u32,
  quads: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  columns: u32,      // of the kernel
  inputs: u32,       // channels of a group
  group: u32,        // channels that a group makes
  channels: u32,     // of the output
  bias: u32,         // where the biases begin in weights
  x_size: vec2u,     // rows, columns
  strides: vec2u,
  dilations: vec2u,
  pads: vec2u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<packed>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;

fn number(pixel: u32, channel: u32) -> f32 { return decode(x[pixel + channel / 4u])[channel % 4u]; }

// The first channel that an output reads. Lanes beyond the last have weights of zero: they may read any that exists.
fn first_of(channel: u32) -> u32 { return min(channel, params.channels - 1u) / params.group * params.inputs; }

// Weights lie as [output quad][tap][input channel of the group, in whole quads], four outputs each.
fn accumulate(start: vec4f, quad: u32, tap: u32, place: vec2u) -> vec4f {
  let pixel = (place.x * params.x_size.y + place.y) * params.x_stride;
  let across = (params.inputs + 3u) / 4u;
  let at = (quad * TAPS + tap) * across * 4u;
  var sum = start;
  if (ALIGNED) {
    let first = quad * 4u / params.group * across;
    for (var k = 0u; k < across; k += 1u) {
      let value = decode(x[pixel + first + k]);
      let w = at + k * 4u;
      sum += mat4x4f(weight(w), weight(w + 1u), weight(w + 2u), weight(w + 3u)) * value;
    }
    return sum;
  }
  let first = vec4u(first_of(quad * 4u), first_of(quad * 4u + 1u), first_of(quad * 4u + 2u), first_of(quad * 4u + 3u));
  for (var i = 0u; i < params.inputs; i += 1u) {
    let values = vec4f(number(pixel, first.x + i), number(pixel, first.y + i), number(pixel, first.z + i), number(pixel, first.w + i));
    sum += weight(at + i) * values;
  }
  return sum;
}
