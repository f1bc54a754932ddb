// The 1×1 convolution that ends a D block and the one that begins the next, for GPUs: as in `gated` every workgroup makes the block's gate itself, and
// what it makes of its tile it keeps for the second product.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl
// use lib/shortcut.wgsl
// use lib/gate.wgsl
// use lib/chain.wgsl

override QUADS: u32 = 2u;           // input channels / 4, an even number
override SHORTCUT_QUADS: u32 = 0u;  // input channels of the shortcut / 4, an even number
override RELU: bool = false;          // behind the first convolution
override PROJECT_RELU: bool = false;  // behind the second

struct Params {
  height: u32,  // of the results, in pixels; strides and offsets are in channel quads
  width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  y_quads: u32,
  also_stride: u32,  // channels behind those of y go there
  also_offset: u32,
  also_quads: u32,
  halved_stride: u32,
  halved_offset: u32,
  shortcut_height: u32,
  shortcut_width: u32,
  shortcut_stride: u32,
  across: u32,   // tiles of a row
  excite: u32,   // where its weights begin in weights, laid out as `excite` has them
  project: u32,  // where the second convolution's begin
  scale: f32,    // 1 / pixels that the sums run over
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> sums: array<vec4f>;
@group(0) @binding(3) var<storage, read> shortcut: array<stored>;
@group(0) @binding(4) var<storage, read> weights: array<packed>;
@group(0) @binding(5) var<storage, read_write> y: array<stored>;
@group(0) @binding(6) var<storage, read_write> also: array<stored>;
@group(0) @binding(7) var<storage, read_write> halved: array<stored>;

const HALF = 8u * SLOTS + BATCH;  // two quads of a tile's operand, and their weights
const MOST_ROUNDS = 1048576u;     // never reached: a loop with a constant bound needs no guard

// Two halves, as in lib/staged; later what the first convolution makes.
var<workgroup> stage: array<vec4f, max(2u * HALF, 4u * SLOTS * KEPT)>;
var<workgroup> gate: array<vec4f, QUADS>;
fn put_quad(at: u32, quad: vec4f) { stage[at] = quad; }
fn staged(at: u32) -> vec4f { return stage[at]; }
fn put_hidden(at: u32, quad: vec4f) { blocks[at] = quad; }
fn hidden(at: u32) -> vec4f { return blocks[at]; }

struct Place {
  x: u32,
  window: vec4u,
}
// A tile that overhangs repeats the border.
fn place_of(corner: Corner, row: u32, column: u32) -> Place {
  let pixel = min(corner.row + row, params.height - 1u) * params.width + min(corner.column + column, params.width - 1u);
  return Place(pixel * params.x_stride, window(pixel));
}
fn quad_at(place: Place, k: u32, part: u32) -> vec4f {
  if (part == 1u) { return shortcut_quad(place.window, k - QUADS); }
  return decode(x[place.x + k]);
}
fn scaled(quad: vec4f, k: u32, part: u32) -> vec4f {
  if (part == 1u) { return quad; }
  return quad * gate[k];
}

// `start` and the products of so many rounds, of two input quads each: a lane makes its slot's four pixels × 12 channels.
fn multiplied_rounds(start: Strip, lane: u32, upper: Place, lower: Place, part: u32, first: u32, rounds: u32) -> Strip {
  let bounded = lane % LANES;
  let slot = bounded % SLOTS;
  let mine = bounded / SLOTS * 3u;
  let pixel = bounded / 2u;
  let component = pixel % 4u;
  // Neighbouring lanes fetch neighbouring quads of a pixel; the second lies four quads further round, so that a warp writes to 32 banks.
  let odd = bounded % 2u;
  let upper_at = odd * 4u * SLOTS + (pixel / 4u + 4u * odd) % SLOTS;
  let lower_at = odd * 4u * SLOTS + (pixel / 4u + 8u + 4u * odd) % SLOTS;
  var sums = start;
  // One turn more than there are rounds: the first only fetches, the last only multiplies.
  for (var round = 0u; round < MOST_ROUNDS; round += 1u) {
    if (round > rounds) { break; }
    let next = first + min(round, rounds - 1u);
    let k = next * 2u + odd;
    let upper_quad = quad_at(upper, k, part);
    let lower_quad = quad_at(lower, k, part);
    let some = weight(next * BATCH + bounded);
    let rest = weight(next * BATCH + LANES + bounded % 32u);
    let half = round % 2u;
    if (round > 0u) {
      let other = 1u - half;
      for (var step = 0u; step < 2u; step += 1u) {
        for (var c = 0u; c < 4u; c += 1u) {
          let pixels = stage[other * HALF + (step * 4u + c) * SLOTS + (slot + 4u * step) % SLOTS];
          let at = other * HALF + 8u * SLOTS + (step * 4u + c) * WIDTH + mine;
          sums.a = outer(sums.a, stage[at], pixels);
          sums.b = outer(sums.b, stage[at + 1u], pixels);
          sums.c = outer(sums.c, stage[at + 2u], pixels);
        }
      }
    }
    let a = half * HALF + upper_at;
    let b = half * HALF + lower_at;
    let above = scaled(upper_quad, k, part);
    stage[a][component] = above.x;
    stage[a + SLOTS][component] = above.y;
    stage[a + 2u * SLOTS][component] = above.z;
    stage[a + 3u * SLOTS][component] = above.w;
    let below = scaled(lower_quad, k, part);
    stage[b][component] = below.x;
    stage[b + SLOTS][component] = below.y;
    stage[b + 2u * SLOTS][component] = below.z;
    stage[b + 3u * SLOTS][component] = below.w;
    stage[half * HALF + 8u * SLOTS + bounded] = some;
    if (bounded < 32u) { stage[half * HALF + 8u * SLOTS + LANES + bounded % 32u] = rest; }
    workgroupBarrier();
  }
  return sums;
}

fn finish(row: u32, column: u32, quad: u32, sum: vec4f) {
  if ((row >= params.height) | (column >= params.width) | (quad >= params.y_quads + params.also_quads)) { return; }
  let value = encode(select(sum, max(sum, vec4f()), PROJECT_RELU));
  let pixel = row * params.width + column;
  if (quad < params.y_quads) { y[pixel * params.y_stride + params.y_offset + quad] = value; }
  else { also[pixel * params.also_stride + params.also_offset + quad - params.y_quads] = value; }
}
fn finish_halved(row: u32, column: u32, quad: u32, mean: vec4f) {
  halved[(row * ((params.width + 1u) / 2u) + column) * params.halved_stride + params.halved_offset + quad] = encode(mean);
}

fn keep_some(quad: u32, slot: u32, made: mat4x4f) {
  if (quad >= KEPT) { return; }
  keep(quad, slot, made);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let corner = corner_of(id.y * groups.x + id.x);
  if (corner.row >= params.height) { return; }
  make_gate(lane);
  let bounded = lane % LANES;
  let upper = place_of(corner, 0u, bounded / 2u);
  let lower = place_of(corner, 1u, bounded / 2u);
  let quad = bounded / SLOTS * 3u;
  var made = strip_biased((QUADS + SHORTCUT_QUADS) * 4u * WIDTH, quad);
  made = multiplied_rounds(made, lane, upper, lower, 0u, 0u, QUADS / 2u);
  if (SHORTCUT_QUADS > 0u) { made = multiplied_rounds(made, lane, upper, lower, 1u, QUADS / 2u, SHORTCUT_QUADS / 2u); }
  if (RELU) { made = Strip(rectified(made.a), rectified(made.b), rectified(made.c)); }
  keep_some(quad, bounded % SLOTS, made.a);
  keep_some(quad + 1u, bounded % SLOTS, made.b);
  keep_some(quad + 2u, bounded % SLOTS, made.c);
  project(lane, corner);
  store_halved(lane, corner);
}
