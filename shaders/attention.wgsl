// Attention without its matrix. A lane takes a pixel, a head, and up to eight quads of its values: it walks over the keys four at a time, keeps the
// largest score so far, and scales down what it has summed whenever a larger one comes.
// use lib/f32.wgsl
// use lib/lane.wgsl

override INNER: u32 = 1u;   // quads of a key in a head
override VALUES: u32 = 1u;  // quads of values that a lane makes, at most 8

struct Params {
  pixels: u32,
  heads: u32,
  lanes: u32,   // that share a head
  own: u32,     // quads of values in a head; strides and offsets are in channel quads
  others: u32,  // pixels of keys and values
  scale: f32,   // of the scores
  x_stride: u32,
  keys_stride: u32,
  values_stride: u32,
  y_stride: u32,
  y_offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> keys: array<stored>;
@group(0) @binding(3) var<storage, read> values: array<stored>;
@group(0) @binding(4) var<storage, read_write> y: array<stored>;

// Quad n of four pixels' values; beyond the last of the head's any will do, for it is not stored.
fn values_of(at: vec4u, n: u32, last: u32) -> mat4x4f {
  let quad = at + min(n, last);
  return mat4x4f(decode(values[quad.x]), decode(values[quad.y]), decode(values[quad.z]), decode(values[quad.w]));
}
fn store(to: u32, n: u32, last: u32, sums: vec4f) {
  if (n < VALUES && n <= last) { y[to + n] = encode(sums); }
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  // Neighbours take neighbouring pixels of one head, so they read the same keys at the same time.
  let part = lane / params.pixels;
  let pixel = lane - part * params.pixels;
  let head = part / params.lanes;
  let first = (part - head * params.lanes) * VALUES;
  if (head >= params.heads || first >= params.own) { return; }
  let last = params.own - first - 1u;
  let source = pixel * params.x_stride + head * INNER;
  var a = vec4f();
  var b = vec4f();
  var c = vec4f();
  var d = vec4f();
  var e = vec4f();
  var f = vec4f();
  var g = vec4f();
  var h = vec4f();
  var peak = -3.4e38;
  var sum = 0.0;
  for (var j = 0u; j < params.others; j += 4u) {
    let place = vec4u(j) + vec4u(0u, 1u, 2u, 3u);
    let clamped = min(place, vec4u(params.others - 1u));
    let key = clamped * params.keys_stride + head * INNER;
    var scores = vec4f();
    for (var k = 0u; k < INNER; k += 1u) {
      let value = decode(x[source + k]);
      scores += vec4f(dot(value, decode(keys[key.x + k])), dot(value, decode(keys[key.y + k])), dot(value, decode(keys[key.z + k])), dot(value, decode(keys[key.w + k])));
    }
    // Keys beyond the last repeat it, so that the largest stays what it is, and count nothing.
    scores *= params.scale;
    let largest = max(peak, max(max(scores.x, scores.y), max(scores.z, scores.w)));
    let fade = exp(peak - largest);
    let shares = select(vec4f(), exp(scores - largest), place < vec4u(params.others));
    peak = largest;
    sum = sum * fade + shares.x + shares.y + shares.z + shares.w;
    let at = clamped * params.values_stride + head * params.own + first;
    if (VALUES > 0u) { a = a * fade + values_of(at, 0u, last) * shares; }
    if (VALUES > 1u) { b = b * fade + values_of(at, 1u, last) * shares; }
    if (VALUES > 2u) { c = c * fade + values_of(at, 2u, last) * shares; }
    if (VALUES > 3u) { d = d * fade + values_of(at, 3u, last) * shares; }
    if (VALUES > 4u) { e = e * fade + values_of(at, 4u, last) * shares; }
    if (VALUES > 5u) { f = f * fade + values_of(at, 5u, last) * shares; }
    if (VALUES > 6u) { g = g * fade + values_of(at, 6u, last) * shares; }
    if (VALUES > 7u) { h = h * fade + values_of(at, 7u, last) * shares; }
  }
  let whole = 1.0 / sum;
  let to = pixel * params.y_stride + params.y_offset + head * params.own + first;
  store(to, 0u, last, a * whole);
  store(to, 1u, last, b * whole);
  store(to, 2u, last, c * whole);
  store(to, 3u, last, d * whole);
  store(to, 4u, last, e * whole);
  store(to, 5u, last, f * whole);
  store(to, 6u, last, g * whole);
  store(to, 7u, last, h * whole);
}
