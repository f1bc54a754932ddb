// The body of the dense convolutions by subgroup matrices: 128 pixels by 64 channels a workgroup, 16 input channels a round. Both operands are staged in
// workgroup memory as halves, in rows of 16 channels: a row takes 48 bytes, so that eight rows begin in different banks. Each subgroup makes a rectangle of
// matrices: with subgroups of 32 and matrices of 16×16 four by two, whose operands take 12 loads of 16 bytes a lane for 8 products.
// What the next round needs is loaded into registers before this one is multiplied, and stored behind it, between two barriers; other workgroups of a
// multiprocessor have work meanwhile. Together with `stage` this is 13 KiB.
// A shader says the rest, as it does for lib/staged: `struct Place`, `place_of(tile, index)`, `quad_at(place, step, part)`, `scaled(quad, step, part)`, a step
// being a quad of the operand, `has_more()`, whether there is a second operand at all, and `finish_matrix(at, lane, pixel, quad)`; its `params` have `pairs` and `bias`.
const LANES = 128u;
const PIXELS = 128u;  // of a tile
const CHANNELS = 64u;
const ROUND = 4u;     // quads
const ROW = 6u;       // quads from one row to the next
const OPERANDS = (PIXELS + CHANNELS) * ROW;
const STAGE = 256u;
const MOST_ROUNDS = 1048576u;  // never reached: a loop with a constant bound needs no guard

// Subgroups stand in a grid over the tile, as square as it gets.
const SUBGROUPS = LANES / MATRIX_LANES;
const ACROSS = select(select(1u, 2u, SUBGROUPS >= 4u), 4u, SUBGROUPS >= 16u);
const OWN_PIXELS = PIXELS / (SUBGROUPS / ACROSS);
const OWN_CHANNELS = CHANNELS / ACROSS;
const MATRICES_DOWN = OWN_PIXELS / MATRIX_M;
const MATRICES_ACROSS = OWN_CHANNELS / MATRIX_N;
const MATRIX_QUADS = MATRIX_M * MATRIX_N / 4u;

// Tiles lie one after another, workgroups that make the same pixels beside each other.
fn blocks_of_tile() -> u32 { return (params.pairs + CHANNELS / 8u - 1u) / (CHANNELS / 8u); }
fn tile_of(group: u32) -> u32 { return group / blocks_of_tile(); }
fn block_of(group: u32) -> u32 { return group - tile_of(group) * blocks_of_tile(); }

struct Places {
  a: Place,
  b: Place,
  c: Place,
  d: Place,
}
// A lane's part of a round, on its way: a quad of four pixels, and eight weights.
struct Fetched {
  step: u32,
  part: u32,
  a: Part,
  b: Part,
  c: Part,
  d: Part,
  weights: vec4u,
}

// Steps of one operand, and behind them of a second one: each begins with a round of its own.
struct Depth {
  main: u32,
  more: u32,
  first: u32,   // rounds of the first
  rounds: u32,  // of both
}
fn rounds_of(steps: u32) -> u32 { return (steps + ROUND - 1u) / ROUND; }

// Four neighbouring lanes fetch 16 channels of a pixel. A step beyond the last of its operand repeats that: the weights there are zero.
fn fetch(lane: u32, places: Places, weights_at: u32, round: u32, depth: Depth) -> Fetched {
  var fetched: Fetched;
  let index = lane % ROUND;
  if (!has_more() || round < depth.first) {
    fetched.step = min(round * ROUND + index, depth.main - 1u);
    fetched.a = quad_at(places.a, fetched.step, 0u);
    fetched.b = quad_at(places.b, fetched.step, 0u);
    fetched.c = quad_at(places.c, fetched.step, 0u);
    fetched.d = quad_at(places.d, fetched.step, 0u);
  } else {
    fetched.step = depth.main + min((round - depth.first) * ROUND + index, depth.more - 1u);
    fetched.part = 1u;
    fetched.a = quad_at(places.a, fetched.step, 1u);
    fetched.b = quad_at(places.b, fetched.step, 1u);
    fetched.c = quad_at(places.c, fetched.step, 1u);
    fetched.d = quad_at(places.d, fetched.step, 1u);
  }
  fetched.weights = weights[weights_at + round * LANES + lane];
  return fetched;
}

fn put_pixels(at: u32, quad: Part, step: u32, part: u32) { put_operand(at, Operand(scaled(quad, step, part))); }

alias Made = array<Sums, MATRICES_DOWN * MATRICES_ACROSS>;

// The products of all steps. All lanes come here.
fn multiplied(lane: u32, group: u32, depth: Depth) -> Made {
  var made: Made;
  let tile = tile_of(group);
  let index = lane / ROUND;
  let places = Places(place_of(tile, index), place_of(tile, index + PIXELS / 4u),
                      place_of(tile, index + PIXELS / 2u), place_of(tile, index + PIXELS / 4u * 3u));
  let weights_at = block_of(group) * depth.rounds * LANES;
  let bounded = lane % LANES;
  let pixels_at = bounded / ROUND * ROW + bounded % ROUND;
  let block_at = PIXELS * ROW + bounded / 2u * ROW + bounded % 2u * 2u;
  let subgroup = bounded / MATRIX_LANES;
  let left_at = subgroup / ACROSS * OWN_PIXELS * ROW;
  let right_at = (PIXELS + subgroup % ACROSS * OWN_CHANNELS) * ROW;
  // One turn more than there are rounds: the first only fetches, the last only multiplies.
  for (var round = 0u; round < MOST_ROUNDS; round += 1u) {
    if (round > depth.rounds) { break; }
    let next = fetch(lane, places, weights_at, min(round, depth.rounds - 1u), depth);
    if (round > 0u) {
      for (var k = 0u; k < ROUND * DEPTH / MATRIX_K; k += 1u) {
        let along = k * (MATRIX_K / DEPTH);
        var rights: array<Right, MATRICES_ACROSS>;
        for (var j = 0u; j < MATRICES_ACROSS; j += 1u) { rights[j] = right_matrix(right_at + j * (MATRIX_N * ROW) + along); }
        for (var i = 0u; i < MATRICES_DOWN; i += 1u) {
          let left = left_matrix(left_at + i * (MATRIX_M * ROW) + along);
          for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
            made[i * MATRICES_ACROSS + j] = subgroupMatrixMultiplyAccumulate(left, rights[j], made[i * MATRICES_ACROSS + j]);
          }
        }
      }
    }
    workgroupBarrier();
    put_pixels(pixels_at, next.a, next.step, next.part);
    put_pixels(pixels_at + PIXELS / 4u * ROW, next.b, next.step, next.part);
    put_pixels(pixels_at + PIXELS / 2u * ROW, next.c, next.step, next.part);
    put_pixels(pixels_at + PIXELS / 4u * 3u * ROW, next.d, next.step, next.part);
    put_operand(block_at, bitcast<Operand>(next.weights.xy));
    put_operand(block_at + 1u, bitcast<Operand>(next.weights.zw));
    workgroupBarrier();
  }
  return made;
}

// Sums of one operand over `depth` steps, and of a second one over `more`, stored matrix by matrix.
fn make(lane: u32, group: u32, depth: u32, more: u32) {
  let first = rounds_of(depth);
  var made = multiplied(lane, group, Depth(depth, more, first, first + rounds_of(more)));
  let subgroup = lane % LANES / MATRIX_LANES;
  let pixel = tile_of(group) * PIXELS + subgroup / ACROSS * OWN_PIXELS;
  let quad = (block_of(group) * CHANNELS + subgroup % ACROSS * OWN_CHANNELS) / 4u;
  // The next matrix always stands first: a number that changes from turn to turn would put them all in memory wherever a compiler leaves this loop rolled.
  for (var n = 0u; n < MATRICES_DOWN * MATRICES_ACROSS; n += 1u) {
    workgroupBarrier();
    put_sums(subgroup * MATRIX_QUADS, made[0]);
    for (var k = 1u; k < MATRICES_DOWN * MATRICES_ACROSS; k += 1u) { made[k - 1u] = made[k]; }
    workgroupBarrier();
    finish_matrix(subgroup * MATRIX_QUADS, lane % MATRIX_LANES, pixel + n / MATRICES_ACROSS * MATRIX_M, quad + n % MATRICES_ACROSS * (MATRIX_N / 4u));
  }
}
