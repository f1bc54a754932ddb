// The body of the convolutions for GPUs: a matrix product of 128 pixels by up to 128 channels a workgroup, both operands staged in workgroup
// memory. A warp of 32 lanes makes 128 pixels of two pairs of quads. A step (four input channels) costs it eight loads of pixels that touch
// 256 bytes side by side and eight of weights that touch 32, which is 24 wavefronts of 128 bytes, and for its part of the staging 15 more in a
// workgroup of 256 lanes, 25 of 128, 45 of 64, against the 64 clocks of its multiply-adds. In a plain row the weights alone take 256, for
// each lane reads a cache line of its own; unstaged they take few where a warp makes one pair, but each line comes from afar. Counted, not
// measured on a GPU.
// Two steps make a round. What the next round needs is loaded into registers before this one is multiplied, and stored into the other half
// of the stage after it: one barrier a round, and nobody waits for memory. 16 KiB for up to 256 lanes, 12 for up to 128.
// A workgroup has 16 lanes for each of its pairs, so that outputs of few channels get small workgroups in place of idle lanes
// (src/kernels/staged.ts).
// A shader says the rest: MOST_LANES, `struct Place` (where a pixel's operand lies), `place_of(tile, index)`, `quad_at(place, step)` and
// `finish(pixel, quad, sum)`; its `params` have `pairs` and `bias`.
override LANES: u32 = 64u;  // 64, 128 or 256, at most MOST_LANES

const SLOTS = 16u;    // lanes of a pair: a lane makes pixels slot, slot + 16, … of the tile
const PIXELS = 128u;  // of a tile
const ROUND = 2u;     // steps
const HALF = ROUND * PIXELS;

var<workgroup> stage: array<vec4f, 2u * HALF>;          // halves × steps × pixels
var<workgroup> blocks: array<vec4f, 2u * MOST_LANES>;  // halves × pairs × steps × 8 quads of weights

// Tiles lie one after another, workgroups that make the same pixels beside each other. (In a struct together with what differs by lane a
// tile would count as non-uniform, and no barrier could follow its test.)
fn pairs_of_group() -> u32 { return LANES / SLOTS; }
fn groups_of_tile() -> u32 { return (params.pairs + pairs_of_group() - 1u) / pairs_of_group(); }
fn tile_of(group: u32) -> u32 { return group / groups_of_tile(); }
fn pair_of(group: u32, lane: u32) -> u32 {
  return (group - tile_of(group) * groups_of_tile()) * pairs_of_group() + lane / SLOTS;
}

// A lane's part of a round, on its way: 256 / LANES quads of the operand, and one of weights.
struct Places {
  a: Place,
  b: Place,
  c: Place,
  d: Place,
}
struct Fetched {
  a: vec4f,
  b: vec4f,
  c: vec4f,
  d: vec4f,
  weights: vec4f,
}

// Two neighbouring lanes fetch neighbouring quads of a pixel. Steps beyond the last are zeros: of the operand, which may hold anything
// there, and of the weights, behind which those of the next pair follow, or biases.
fn fetch(lane: u32, places: Places, weights_at: u32, first: u32, depth: u32) -> Fetched {
  var fetched: Fetched;
  let step = first + lane % ROUND;
  if (step < depth) {
    fetched.a = quad_at(places.a, step);
    if (LANES < 256u) { fetched.b = quad_at(places.b, step); }
    if (LANES < 128u) {
      fetched.c = quad_at(places.c, step);
      fetched.d = quad_at(places.d, step);
    }
  }
  let part = lane % SLOTS;
  if (first + part / 8u < depth) { fetched.weights = weight(weights_at + first * 8u + part); }
  return fetched;
}

// Where quad `part` of a lane's weights lies: the two pairs of a warp interleaved, so that its lanes read two quads side by side.
fn block_of(lane: u32, part: u32) -> u32 { return lane / 32u * 32u + part * 2u + lane / SLOTS % 2u; }

fn put(lane: u32, half: u32, fetched: Fetched) {
  let at = half * HALF + lane % ROUND * PIXELS + lane / ROUND;
  stage[at] = fetched.a;
  if (LANES < 256u) { stage[at + LANES / ROUND] = fetched.b; }
  if (LANES < 128u) {
    stage[at + 2u * (LANES / ROUND)] = fetched.c;
    stage[at + 3u * (LANES / ROUND)] = fetched.d;
  }
  blocks[half * MOST_LANES + block_of(lane, lane % SLOTS)] = fetched.weights;
}

fn staged_pixels(at: u32) -> mat4x4f { return mat4x4f(stage[at], stage[at + SLOTS], stage[at + 2u * SLOTS], stage[at + 3u * SLOTS]); }
fn staged_block(at: u32) -> mat4x4f { return mat4x4f(blocks[at], blocks[at + 2u], blocks[at + 4u], blocks[at + 6u]); }

// Sums over `depth` steps. All lanes come here: one beyond the last pair repeats it, a tile that overhangs repeats pixels, and nobody stores them.
fn product(lane: u32, group: u32, depth: u32) -> Tile {
  let tile = tile_of(group);
  let pair = min(pair_of(group, lane), params.pairs - 1u);
  let index = lane / ROUND;
  let places = Places(place_of(tile, index), place_of(tile, index + LANES / ROUND),
                      place_of(tile, index + 2u * (LANES / ROUND)), place_of(tile, index + 3u * (LANES / ROUND)));
  let weights_at = pair * depth * 8u;
  var sums = biased(params.bias, pair * 2u);
  // One turn more than there are rounds: the first only fetches, the last only multiplies.
  var half = 0u;
  for (var first = 0u; first < depth + ROUND; first += ROUND) {
    let next = fetch(lane, places, weights_at, first, depth);
    if (first > 0u) {
      for (var k = 0u; k < ROUND; k += 1u) {
        let pixels = half * HALF + k * PIXELS + lane % SLOTS;
        let at = half * MOST_LANES + block_of(lane, k * 8u);
        sums = multiplied(sums, staged_block(at), staged_block(at + 8u), staged_pixels(pixels), staged_pixels(pixels + 4u * SLOTS));
      }
    }
    half = 1u - half;
    put(lane, half, next);
    workgroupBarrier();
  }
  return sums;
}

fn finish4(pixel: u32, quad: u32, sums: mat4x4f) {
  finish(pixel, quad, sums[0]);
  finish(pixel + SLOTS, quad, sums[1]);
  finish(pixel + 2u * SLOTS, quad, sums[2]);
  finish(pixel + 3u * SLOTS, quad, sums[3]);
}
fn finish_tile(lane: u32, group: u32, sums: Tile) {
  let pixel = tile_of(group) * PIXELS + lane % SLOTS;
  let quad = pair_of(group, lane) * 2u;
  finish4(pixel, quad, sums.left_even);
  finish4(pixel, quad + 1u, sums.left_odd);
  finish4(pixel + 4u * SLOTS, quad, sums.right_even);
  finish4(pixel + 4u * SLOTS, quad + 1u, sums.right_odd);
}
