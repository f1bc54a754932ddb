// The body of `stem.workgroup`: a 3×3 convolution with stride 2 of the frame, then a 1×1 of it. The colours that a tile needs are staged in planes, columns
// that are even (from −1 on) apart from odd ones: three quads then serve three taps of four pixels. A lane makes four pixels × 8 channels.
override RELU: bool = false;         // behind the first convolution
override PROJECT_RELU: bool = false;  // behind the second

struct Params {
  height: u32,  // of both convolutions' results, in pixels; strides and offsets are in channel quads
  width: u32,
  x_height: u32,  // of the frame
  x_width: u32,
  y_stride: u32,
  y_offset: u32,
  y_quads: u32,
  halved_stride: u32,
  halved_offset: u32,
  across: u32,   // tiles of a row
  project: u32,  // where the second convolution's weights begin in weights
  scale: vec4f,  // 1 / std, and mean / std, of values in [0, 1]
  shift: vec4f,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<packed>;
@group(0) @binding(3) var<storage, read_write> y: array<stored>;
@group(0) @binding(4) var<storage, read_write> halved: array<stored>;

const COLOURS = 3u;
const HIGH = 5u;     // rows of the frame that a tile reads
const WIDE = 65u;    // and columns
const ROW = 17u;     // quads of a staged row: nine of even columns, eight of odd ones
const ODD = 9u;
const FRAME = COLOURS * HIGH * ROW;

// Colours × rows × columns, and behind them colours × taps × quads of weights; later what the first convolution makes.
var<workgroup> stage: array<vec4f, max(FRAME + 27u * KEPT, 4u * SLOTS * KEPT)>;

fn finish(row: u32, column: u32, quad: u32, sum: vec4f) {
  if ((row >= params.height) | (column >= params.width) | (quad >= params.y_quads)) { return; }
  let value = select(sum, max(sum, vec4f()), PROJECT_RELU);
  y[(row * params.width + column) * params.y_stride + params.y_offset + quad] = encode(value);
}
fn finish_halved(row: u32, column: u32, quad: u32, mean: vec4f) {
  halved[(row * ((params.width + 1u) / 2u) + column) * params.halved_stride + params.halved_offset + quad] = encode(mean);
}

// Zero outside the frame: the padding follows the normalisation.
fn stage_frame(lane: u32, corner: Corner) {
  for (var turn = 0u; turn < (HIGH * WIDE + LANES - 1u) / LANES; turn += 1u) {
    let own = turn * LANES + lane % LANES;
    let index = min(own, HIGH * WIDE - 1u);
    let row = index / WIDE;
    let column = index % WIDE;
    let wanted = vec2i(vec2u(corner.row * 2u + row, corner.column * 2u + column)) - 1;
    let there = clamp(wanted, vec2i(), vec2i(vec2u(params.x_height, params.x_width)) - 1);
    let colour = normalised(u32(there.x), u32(there.y)) * select(0.0, 1.0, all(wanted == there));
    let at = row * ROW + column % 2u * ODD + column / 8u;
    let component = column / 2u % 4u;
    if (own > index) { continue; }
    stage[at][component] = colour.x;
    stage[at + HIGH * ROW][component] = colour.y;
    stage[at + 2u * HIGH * ROW][component] = colour.z;
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let corner = corner_of(id.y * groups.x + id.x);
  if (corner.row >= params.height) { return; }
  stage_frame(lane, corner);
  for (var turn = 0u; turn < (27u * KEPT + LANES - 1u) / LANES; turn += 1u) {
    let index = turn * LANES + lane % LANES;
    let quad = weight(min(index, 27u * KEPT - 1u));
    if (index < 27u * KEPT) { stage[FRAME + index] = quad; }
  }
  workgroupBarrier();
  let slot = lane % LANES % SLOTS;
  let pair = lane % LANES / SLOTS % (KEPT / 2u);
  let even_bias = bias(27u * KEPT, pair * 2u);
  let odd_bias = bias(27u * KEPT, pair * 2u + 1u);
  var even = mat4x4f(even_bias, even_bias, even_bias, even_bias);
  var odd = mat4x4f(odd_bias, odd_bias, odd_bias, odd_bias);
  for (var colour = 0u; colour < COLOURS; colour += 1u) {
    for (var ky = 0u; ky < 3u; ky += 1u) {
      let at = (colour * HIGH + slot / 8u * 2u + ky) * ROW + slot % 8u;
      let w = FRAME + (colour * 3u + ky) * 3u * KEPT + pair * 2u;
      let left = stage[at];
      even = outer(even, stage[w], left);
      odd = outer(odd, stage[w + 1u], left);
      let middle = stage[at + ODD];
      even = outer(even, stage[w + KEPT], middle);
      odd = outer(odd, stage[w + KEPT + 1u], middle);
      let right = vec4f(left.yzw, stage[at + 1u].x);
      even = outer(even, stage[w + 2u * KEPT], right);
      odd = outer(odd, stage[w + 2u * KEPT + 1u], right);
    }
  }
  if (RELU) {
    even = rectified(even);
    odd = rectified(odd);
  }
  workgroupBarrier();
  if (lane / SLOTS < KEPT / 2u) {
    keep(pair * 2u, slot, even);
    keep(pair * 2u + 1u, slot, odd);
  }
  project(lane, corner);
  store_halved(lane, corner);
}
