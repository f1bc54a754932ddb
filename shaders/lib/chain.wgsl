// Two convolutions in one step: a 1×1 of the channels that a workgroup has just made of its tile and keeps in its memory. Their map is nowhere
// stored but, where a shortcut reads it pooled, as those 2×2 means.
// A tile is 32 pixels of two rows: 16 slots of four pixels of a row. Kept channels are staged as quads of a slot's pixels, so that a lane
// multiplies outer products (lib/staged.wgsl says why): four pixels × 12 channels a turn, 48 sums from one quad of pixels and three of weights.
// 128 pixels would want twice the 16 KiB that there are.
// A shader says the rest: `stage`, which holds KEPT × 64 quads, `finish(row, column, quad, sum)` and `finish_halved(row, column, quad, mean)`; its
// `params` have `height`, `width`, `across` (tiles of a row) and `project` (where the weights of this half begin, then its biases).
override KEPT: u32 = 2u;         // quads of the kept channels, an even number
override TURNS: u32 = 1u;        // of 48 channels of the result
override HALVED: bool = false;   // whether the means are stored

const LANES = 64u;
const SLOTS = 16u;   // of a tile
const ACROSS = 32u;  // pixels of a tile's row
const PARTS = 4u;    // lanes of a slot, three quads each
const WIDTH = 12u;   // quads of a turn
const BATCH = 96u;   // quads of weights of a round: two kept quads

var<workgroup> blocks: array<vec4f, BATCH>;

struct Corner {
  row: u32,
  column: u32,
}
fn corner_of(group: u32) -> Corner {
  let down = group / params.across;
  return Corner(down * 2u, (group - down * params.across) * ACROSS);
}

// Four pixels of one slot, three quads of channels each.
struct Strip {
  a: mat4x4f,
  b: mat4x4f,
  c: mat4x4f,
}
fn strip_biased(start: u32, quad: u32) -> Strip {
  let a = bias(start, quad);
  let b = bias(start, quad + 1u);
  let c = bias(start, quad + 2u);
  return Strip(mat4x4f(a, a, a, a), mat4x4f(b, b, b, b), mat4x4f(c, c, c, c));
}

// Keeps a quad of channels of a slot's four pixels, which are a matrix's columns.
fn keep(quad: u32, slot: u32, made: mat4x4f) {
  let channels = transpose(made);
  let at = quad * 4u * SLOTS + slot;
  stage[at] = channels[0];
  stage[at + SLOTS] = channels[1];
  stage[at + 2u * SLOTS] = channels[2];
  stage[at + 3u * SLOTS] = channels[3];
}

fn finish_slot(row: u32, column: u32, quad: u32, sums: mat4x4f) {
  finish(row, column, quad, sums[0]);
  finish(row, column + 1u, quad, sums[1]);
  finish(row, column + 2u, quad, sums[2]);
  finish(row, column + 3u, quad, sums[3]);
}

// Needs no barrier before it: it has one.
fn project(lane: u32, corner: Corner) {
  let bounded = lane % LANES;
  let slot = bounded % SLOTS;
  let part = bounded / SLOTS;
  let row = corner.row + slot / 8u;
  let column = corner.column + slot % 8u * 4u;
  let last = TURNS * (KEPT / 2u) - 1u;
  // A round's weights are fetched while the one before is multiplied.
  var next = weight(params.project + bounded);
  var rest = weight(params.project + LANES + bounded % 32u);
  for (var turn = 0u; turn < TURNS; turn += 1u) {
    let quad = (turn * PARTS + part) * 3u;
    var sums = strip_biased(params.project + TURNS * KEPT * 4u * WIDTH, quad);
    for (var round = 0u; round < KEPT / 2u; round += 1u) {
      workgroupBarrier();
      blocks[bounded] = next;
      if (bounded < 32u) { blocks[LANES + bounded % 32u] = rest; }
      workgroupBarrier();
      let batch = params.project + min(turn * (KEPT / 2u) + round + 1u, last) * BATCH;
      next = weight(batch + bounded);
      rest = weight(batch + LANES + bounded % 32u);
      for (var k = 0u; k < 8u; k += 1u) {
        let pixels = stage[(round * 8u + k) * SLOTS + slot];
        let at = k * WIDTH + part * 3u;
        sums.a = outer(sums.a, blocks[at], pixels);
        sums.b = outer(sums.b, blocks[at + 1u], pixels);
        sums.c = outer(sums.c, blocks[at + 2u], pixels);
      }
    }
    finish_slot(row, column, quad, sums.a);
    finish_slot(row, column, quad + 1u, sums.b);
    finish_slot(row, column, quad + 2u, sums.c);
  }
}

// The sum of a kept channel in the 2×2 window whose left column is a tile's `column`: an overhanging window takes the border again, so that its mean is
// that of the pixels that exist.
fn window_sum(channel: u32, column: u32, narrow: bool, flat: bool) -> f32 {
  let upper = stage[channel * SLOTS + column / 4u];
  let lower = select(stage[channel * SLOTS + 8u + column / 4u], upper, flat);
  let both = upper + lower;
  let pair = select(both.xy, both.zw, column % 4u == 2u);
  return pair.x + select(pair.y, pair.x, narrow);
}

// Behind a barrier after the last `keep`.
fn store_halved(lane: u32, corner: Corner) {
  if (!HALVED) { return; }
  let flat = corner.row + 1u >= params.height;
  for (var turn = 0u; turn < (KEPT + 3u) / 4u; turn += 1u) {
    let index = turn * LANES + lane % LANES;
    let quad = index % KEPT;
    let column = index / KEPT * 2u;
    if ((column >= ACROSS) | (corner.column + column >= params.width)) { continue; }
    let narrow = corner.column + column + 1u >= params.width;
    let at = quad * 4u;
    let mean = vec4f(window_sum(at, column, narrow, flat), window_sum(at + 1u, column, narrow, flat),
                     window_sum(at + 2u, column, narrow, flat), window_sum(at + 3u, column, narrow, flat)) * 0.25;
    finish_halved(corner.row / 2u, (corner.column + column) / 2u, quad, mean);
  }
}

fn rectified(m: mat4x4f) -> mat4x4f {
  return mat4x4f(max(m[0], vec4f()), max(m[1], vec4f()), max(m[2], vec4f()), max(m[3], vec4f()));
}
