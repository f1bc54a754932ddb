// The 1×1 convolution that ends a D block, for GPUs: every workgroup first makes the block's gate from the sums that the grouped
// convolution left (means, 1×1, ReLU, 1×1, sigmoid: the same few thousand products again in each, instead of a dispatch that all wait for),
// then multiplies 256 pixels by 64 channels. The operand is staged two quads of channels at a time, gated or pooled once as it comes.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl

override QUADS: u32 = 1u;           // input channels / 4
override SHORTCUT_QUADS: u32 = 0u;  // input channels of the shortcut / 4
override POOLED: bool = false;      // the shortcut is read through a 2×2 average, stride 2
override RESIDUAL: bool = false;
override RELU: bool = false;

const LANES = 256u;
const PAIRS = 8u;     // of a workgroup: 64 channels
const SLOTS = 32u;    // LANES / PAIRS: a lane makes pixels slot, slot + 32, …
const PIXELS = 256u;  // of a workgroup: 8 a lane
const STAGED = 2u;    // quads of the operand in workgroup memory
const MAX_QUADS = 256u;
const MAX_HIDDEN = 64u;

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
  strips: u32,  // rows of sums
  hidden: u32,  // hidden channels of the excitation / 4, rounded up
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

var<workgroup> stage: array<vec4f, 512>;  // STAGED × PIXELS, and before that what lanes add up for one another
var<workgroup> hidden: array<vec4f, MAX_HIDDEN>;
var<workgroup> gate: array<vec4f, MAX_QUADS>;  // means first

// The sum of what the lanes that share a result have staged.
fn gathered(index: u32, shares: u32) -> vec4f {
  var sum = stage[index * shares];
  for (var share = 1u; share < shares; share += 1u) { sum += stage[index * shares + share]; }
  return sum;
}

// The excitation by all lanes of a workgroup: where a layer has fewer results than lanes, several share one.
fn make_gate(lane: u32) {
  let bias1 = params.excite + params.hidden * QUADS * 4u;
  let weights2 = bias1 + params.hidden;
  let bias2 = weights2 + QUADS * params.hidden * 4u;
  let many = max(LANES / QUADS, 1u);
  for (var index = lane; index < QUADS * many; index += LANES) {
    let quad = index / many;
    var sum = vec4f();
    for (var strip = index - quad * many; strip < params.strips; strip += many) { sum += sums[strip * QUADS + quad]; }
    stage[index] = sum;
  }
  workgroupBarrier();
  for (var quad = lane; quad < QUADS; quad += LANES) { gate[quad] = gathered(quad, many) * params.scale; }
  workgroupBarrier();
  let few = LANES / params.hidden;
  if (lane < params.hidden * few) {
    let h = lane / few;
    var sum = vec4f();
    for (var quad = lane - h * few; quad < QUADS; quad += few) {
      sum += weight_block(params.excite + (h * QUADS + quad) * 4u) * gate[quad];
    }
    stage[lane] = sum;
  }
  workgroupBarrier();
  if (lane < params.hidden) { hidden[lane] = max(weight(bias1 + lane) + gathered(lane, few), vec4f()); }
  workgroupBarrier();
  for (var index = lane; index < QUADS * many; index += LANES) {
    let quad = index / many;
    var sum = vec4f();
    for (var h = index - quad * many; h < params.hidden; h += many) {
      sum += weight_block(weights2 + (quad * params.hidden + h) * 4u) * hidden[h];
    }
    stage[index] = sum;
  }
  workgroupBarrier();
  for (var quad = lane; quad < QUADS; quad += LANES) {
    gate[quad] = 1.0 / (1.0 + exp(-(weight(bias2 + quad) + gathered(quad, many))));
  }
  workgroupBarrier();
}

fn pooled(pixel: u32, quad: u32) -> vec4f {
  let row = pixel / params.width * 2u;
  let column = (pixel - pixel / params.width * params.width) * 2u;
  // A clamped index repeats the border pixel of an odd map, so the mean of four is the mean of those that exist.
  let rows = vec2u(row, min(row + 1u, params.shortcut_height - 1u)) * params.shortcut_width;
  let columns = vec2u(column, min(column + 1u, params.shortcut_width - 1u));
  let at = (rows.xxyy + columns.xyxy) * params.shortcut_stride + quad;
  return (decode(shortcut[at.x]) + decode(shortcut[at.y]) + decode(shortcut[at.z]) + decode(shortcut[at.w])) * 0.25;
}

// Quad k of both operands, one after the other.
fn operand(pixel: u32, k: u32) -> vec4f {
  if (k < QUADS) { return decode(x[pixel * params.x_stride + k]) * gate[k]; }
  if (POOLED) { return pooled(pixel, k - QUADS); }
  return decode(shortcut[pixel * params.shortcut_stride + k - QUADS]);
}

fn staged(at: u32) -> mat4x4f { return mat4x4f(stage[at], stage[at + SLOTS], stage[at + 2u * SLOTS], stage[at + 3u * SLOTS]); }

fn finish(pixel: u32, quad: u32, sum: vec4f) {
  if (pixel >= params.height * params.width || quad >= params.y_quads) { return; }
  var value = sum;
  if (RESIDUAL) { value += decode(residual[pixel * params.residual_stride + quad]); }
  if (RELU) { value = max(value, vec4f()); }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(value);
}

fn finish4(pixel: u32, quad: u32, made: mat4x4f) {
  finish(pixel, quad, made[0]);
  finish(pixel + SLOTS, quad, made[1]);
  finish(pixel + 2u * SLOTS, quad, made[2]);
  finish(pixel + 3u * SLOTS, quad, made[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let side = (params.pairs + PAIRS - 1u) / PAIRS;
  let first_pixel = group / side * PIXELS;
  let pixels = params.height * params.width;
  if (first_pixel >= pixels) { return; }
  make_gate(lane);

  let slot = lane % SLOTS;
  let pair = (group - group / side * side) * PAIRS + lane / SLOTS;
  // A lane beyond the last pair repeats it and stores nothing.
  let known = min(pair, params.pairs - 1u);
  let depth = QUADS + SHORTCUT_QUADS;
  var made = biased(params.bias, known * 2u);
  var at = known * depth * 8u;
  for (var first = 0u; first < depth; first += STAGED) {
    workgroupBarrier();
    let last = min(first + STAGED, depth);
    for (var index = lane; index < STAGED * PIXELS; index += LANES) {
      let pixel = index / STAGED;
      let k = first + index % STAGED;
      // The last workgroup may overhang: it reads the last pixel again.
      if (k < last) { stage[(k - first) * PIXELS + pixel] = operand(min(first_pixel + pixel, pixels - 1u), k); }
    }
    workgroupBarrier();
    for (var k = first; k < last; k += 1u) {
      let here = (k - first) * PIXELS + slot;
      made = accumulate(made, at, staged(here), staged(here + 4u * SLOTS));
      at += 8u;
    }
  }
  let pixel = first_pixel + slot;
  finish4(pixel, pair * 2u, made.left_even);
  finish4(pixel, pair * 2u + 1u, made.left_odd);
  finish4(pixel + 4u * SLOTS, pair * 2u, made.right_even);
  finish4(pixel + 4u * SLOTS, pair * 2u + 1u, made.right_odd);
}
