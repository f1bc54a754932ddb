// Two values pixel by pixel; an axis of one place stands for every place. A lane makes one pixel's channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/place.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl

override OPERATION: u32 = 0u;  // its number in src/graph/graph.ts
override CONSTANT: bool = false;  // the second lies in weights

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  channels: u32,
  quads: u32,
  y_stride: u32,
  y_offset: u32,
  swapped: u32,  // the second comes first
  x_row: u32,  // how far apart an operand's rows, columns and quads lie, 0 along an axis of one place
  x_column: u32,
  x_quad: u32,
  x_one: u32,  // it has one channel
  other_row: u32,
  other_column: u32,
  other_quad: u32,
  other_one: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> other: array<stored>;
@group(0) @binding(3) var<storage, read> weights: array<packed>;
@group(0) @binding(4) var<storage, read_write> y: array<stored>;

// pow is defined of bases above zero alone: odd powers of the others are those of their amount below zero, even ones above.
fn powers(a: vec4f, b: vec4f) -> vec4f {
  let amount = pow(abs(a), b);
  let whole = select(amount, -amount, abs(b % 2.0) == vec4f(1.0));
  return select(select(amount, select(pow(a, b), whole, b == floor(b)), a < vec4f()), vec4f(1.0), b == vec4f());
}

fn combined(a: vec4f, b: vec4f) -> vec4f {
  switch (OPERATION) {
    case 0u: { return a + b; }
    case 1u: { return a - b; }
    case 2u: { return a * b; }
    case 3u: { return a / b; }
    case 4u: { return max(a, b); }
    case 5u: { return min(a, b); }
    case 6u: { return vec4f(a > b); }
    case 7u: { return vec4f(a < b); }
    case 8u: { return vec4f(a == b); }
    default: { return powers(a, b); }
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = place_of(lane_of(id, groups));
  if (p.row >= params.height) { return; }
  let column = column_of(p);
  var a = decode(x[p.row * params.x_row + column * params.x_column + p.quad * params.x_quad]);
  let at = p.row * params.other_row + column * params.other_column + p.quad * params.other_quad;
  var b = vec4f();
  if (CONSTANT) { b = weight(at); } else { b = decode(other[at]); }
  a = select(a, vec4f(a.x), params.x_one == 1u);
  b = select(b, vec4f(b.x), params.other_one == 1u);
  let value = select(combined(a, b), combined(b, a), params.swapped == 1u);
  // Padded lanes are zero everywhere; a quotient of two is not, nor is a sum with one channel that stands for all.
  y[p.pixel * params.y_stride + params.y_offset + p.quad] = encode(select(vec4f(), activated(value, p.quad, params.quads), vec4u(p.quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.channels)));
}
