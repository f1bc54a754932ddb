// What the forms of `gated` share: parameters, bindings, the gate, operands and the epilogue. A form has room for the gate (`gate`), and for what lanes
// hand each other while they make it: `put_quad` and `staged`, `put_hidden` and `hidden`.
override QUADS: u32 = 1u;           // input channels / 4
override SHORTCUT_QUADS: u32 = 0u;  // input channels of the shortcut / 4
override HIDDEN: u32 = 1u;          // hidden channels of the excitation / 4, rounded up
override STRIPS: u32 = 1u;          // rows of sums
override RESIDUAL: bool = false;

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads
  width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  y_quads: u32,
  pairs: u32,  // output channels / 8, rounded up
  bias: u32,   // where the biases begin in weights
  shortcut_height: u32,
  shortcut_width: u32,
  shortcut_stride: u32,
  residual_stride: u32,
  excite: u32,  // where its weights begin in weights, laid out as `excite` has them
  scale: f32,   // 1 / pixels that the sums run over
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> sums: array<vec4f>;
@group(0) @binding(3) var<storage, read> shortcut: array<stored>;
@group(0) @binding(4) var<storage, read> residual: array<stored>;
@group(0) @binding(5) var<storage, read> weights: array<packed>;
@group(0) @binding(6) var<storage, read_write> y: array<stored>;

// The sum of what the lanes that share a result have staged.
fn gathered(index: u32, shares: u32) -> vec4f {
  var sum = staged(index * shares);
  for (var share = 1u; share < shares; share += 1u) { sum += staged(index * shares + share); }
  return sum;
}

// A 4×4 block of the excitation's weights, float32 in every form.
fn gate_block(at: u32) -> mat4x4f { return mat4x4f(weight(at), weight(at + 1u), weight(at + 2u), weight(at + 3u)); }

// The excitation by all lanes of a workgroup: where a layer has fewer results than lanes, several share one. All bounds are constants, so that
// a compiler can have the loads of many turns under way.
fn make_gate(lane: u32) {
  let bias1 = params.excite + HIDDEN * QUADS * 4u;
  let weights2 = bias1 + HIDDEN;
  let bias2 = weights2 + QUADS * HIDDEN * 4u;
  let many = max(LANES / QUADS, 1u);
  for (var index = lane; index < QUADS * many; index += LANES) {
    let quad = index / many;
    let share = index - quad * many;
    var sum = vec4f();
    for (var turn = 0u; turn < (STRIPS + many - 1u) / many; turn += 1u) {
      let strip = turn * many + share;
      sum += select(vec4f(), sums[min(strip, STRIPS - 1u) * QUADS + quad], strip < STRIPS);
    }
    put_quad(index, sum);
  }
  workgroupBarrier();
  for (var quad = lane; quad < QUADS; quad += LANES) { gate[quad] = gathered(quad, many) * params.scale; }
  workgroupBarrier();
  let few = LANES / HIDDEN;
  if (lane < HIDDEN * few) {
    let h = lane / few;
    let share = lane - h * few;
    var sum = vec4f();
    for (var turn = 0u; turn < (QUADS + few - 1u) / few; turn += 1u) {
      let quad = turn * few + share;
      let value = select(vec4f(), gate[min(quad, QUADS - 1u)], quad < QUADS);
      sum += gate_block(params.excite + (h * QUADS + min(quad, QUADS - 1u)) * 4u) * value;
    }
    put_quad(lane, sum);
  }
  workgroupBarrier();
  if (lane < HIDDEN) { put_hidden(lane, max(weight(bias1 + lane) + gathered(lane, few), vec4f())); }
  workgroupBarrier();
  for (var index = lane; index < QUADS * many; index += LANES) {
    let quad = index / many;
    let share = index - quad * many;
    var sum = vec4f();
    for (var turn = 0u; turn < (HIDDEN + many - 1u) / many; turn += 1u) {
      let h = turn * many + share;
      let value = select(vec4f(), hidden(min(h, HIDDEN - 1u)), h < HIDDEN);
      sum += gate_block(weights2 + (quad * HIDDEN + min(h, HIDDEN - 1u)) * 4u) * value;
    }
    put_quad(index, sum);
  }
  workgroupBarrier();
  for (var quad = lane; quad < QUADS; quad += LANES) {
    gate[quad] = 1.0 / (1.0 + exp(-(weight(bias2 + quad) + gathered(quad, many))));
  }
  workgroupBarrier();
}

fn quad_at(place: Place, k: u32, part: u32) -> vec4f {
  if (part == 1u) { return shortcut_quad(place.window, k - QUADS); }
  return decode(x[place.x + k]);
}
fn scaled(quad: vec4f, k: u32, part: u32) -> vec4f {
  if (part == 1u) { return quad; }
  return quad * gate[k];
}

fn finish(pixel: u32, quad: u32, sum: vec4f) {
  if (pixel >= params.height * params.width || quad >= params.y_quads) { return; }
  var value = sum;
  if (RESIDUAL) { value += decode(residual[pixel * params.residual_stride + quad]); }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(activated(value, quad, params.y_quads));
}
