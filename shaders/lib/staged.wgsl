// The body of the convolutions for GPUs: a matrix product of 128 pixels by up to 128 channels a workgroup, both operands staged in workgroup
// memory. A lane makes 8 pixels × 8 channels as a sum of outer products: for each input channel it reads two quads of pixels and two of
// weights, 16 numbers, and adds 64 products. (Quads of channels, as they lie in maps, would keep 40 numbers of a step in registers, and Apple's
// 128 of a lane then spill.) So pixels are staged as quads of four pixels of a channel, which costs a fetched quad four stores of a number.
// A warp of 32 lanes makes 128 pixels of two pairs of quads. A step (four input channels) costs it eight loads of pixels that touch
// 256 bytes side by side and eight of weights that touch 32, which is 24 wavefronts of 128 bytes, against the 64 clocks of its multiply-adds.
// In a plain row the weights alone take 256, for each lane reads a cache line of its own. Counted, not measured on a GPU.
// Two steps make a round. What the next round needs is loaded into registers before this one is multiplied, and stored into the other half
// of the stage after it: one barrier a round, and nobody waits for memory. 16 KiB for 256 lanes, 12 for 128, 10 for 64.
// A workgroup has 16 lanes for each of its pairs, so that outputs of few channels get small workgroups in place of idle lanes
// (src/kernels/staged.ts).
// Indices of workgroup memory are made of remainders and of loops with constant bounds, inside `multiplied_rounds`: what Tint can prove to
// lie inside an array it does not clamp.
// A shader says the rest: `struct Place` (where a pixel's operand lies), `place_of(tile, index)`, `quad_at(place, step, part)`,
// `scaled(quad, step, part)` (that quad, finished behind the products) and `finish(pixel, quad, sum)`; its `params` have `pairs` and `bias`.
override LANES: u32 = 64u;  // 64, 128 or 256
override RAGGED: bool = false;  // a part has an odd number of steps

const SLOTS = 16u;    // lanes of a pair: a lane makes four pixels from 4 slot on, and four from 64 + 4 slot on
const PIXELS = 128u;  // of a tile
const ROUND = 2u;     // steps
const ROW = 32u;      // quads of a channel's pixels
const HALF = ROUND * 4u * ROW;
const MOST_ROUNDS = 1048576u;  // never reached: a loop with a constant bound needs no guard

var<workgroup> stage: array<vec4f, 2u * HALF>;    // halves × steps × channels × pixels
var<workgroup> blocks: array<vec4f, 2u * LANES>;  // halves × pairs × steps × 8 quads of weights

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
  step: u32,  // of the operand's quads
  a: vec4f,
  b: vec4f,
  c: vec4f,
  d: vec4f,
  weights: vec4f,
}

// Steps of a product whose operand comes from one map.
struct Part {
  index: u32,
  first: u32,
  end: u32,
}

// Two neighbouring lanes fetch neighbouring quads of a pixel, without a branch, so that loads go on their way together.
// Nothing is done with what is loaded before the products, or they would wait for it.
fn fetch(step: u32, places: Places, weights_at: u32, part: u32) -> Fetched {
  var fetched: Fetched;
  fetched.step = step;
  fetched.a = quad_at(places.a, step, part);
  if (LANES < 256u) { fetched.b = quad_at(places.b, step, part); }
  if (LANES < 128u) {
    fetched.c = quad_at(places.c, step, part);
    fetched.d = quad_at(places.d, step, part);
  }
  fetched.weights = weight(weights_at);
  return fetched;
}

// `start` and the products of a part's steps, of `depth` in all. All lanes come here: one beyond the last pair repeats it, a tile that overhangs
// repeats pixels, and nobody stores them.
fn multiplied_rounds(start: Tile, lane: u32, group: u32, depth: u32, part: Part) -> Tile {
  let tile = tile_of(group);
  let index = lane / ROUND;
  let places = Places(place_of(tile, index), place_of(tile, index + LANES / ROUND),
                      place_of(tile, index + 2u * (LANES / ROUND)), place_of(tile, index + 3u * (LANES / ROUND)));
  let bounded = lane % LANES;
  let slot = bounded % SLOTS;
  // Where a lane's first quad goes. Its second lies LANES / 8 quads on, which are 16 or 8, its third and fourth 16 behind these. The second step lies
  // four quads further round than the first, so that the lanes of a warp write to 32 banks.
  let pixel = bounded / ROUND;
  let component = pixel % 4u;
  let turned = 4u * (bounded % ROUND);
  let step_at = bounded % ROUND * (4u * ROW);
  let quad = pixel / 4u + turned;
  let a_at = step_at + (pixel / 64u * SLOTS + quad % SLOTS) % ROW;
  let b_at = step_at + select(SLOTS + quad % SLOTS, (quad + 8u) % SLOTS, LANES < 128u) % ROW;
  // The weights of a warp's two pairs are interleaved: its lanes read two quads side by side.
  let mine = bounded / 32u * 32u + bounded / SLOTS % 2u;
  let block_at = bounded / 32u * 32u + slot * 2u + bounded / SLOTS % 2u;
  // What a lane fetches of a round, and where it stops: a step beyond the last repeats it. Made here, for compilers take nothing out of the loop.
  let own_step = bounded % ROUND;
  let last_step = part.end - 1u;
  let own_block = min(pair_of(group, lane), params.pairs - 1u) * depth * 8u;
  let weights_at = own_block + slot;
  let last_weight = own_block + part.end * 8u - 1u;
  let rounds = (part.end - part.first + ROUND - 1u) / ROUND;
  var sums = start;
  // One turn more than there are rounds: the first only fetches, the last only multiplies.
  for (var round = 0u; round < MOST_ROUNDS; round += 1u) {
    if (round > rounds) { break; }
    let first = part.first + round * ROUND;
    let next = fetch(min(first + own_step, last_step), places, min(weights_at + first * 8u, last_weight), part.index);
    let half = round % 2u;
    if (round > 0u) {
      let other = 1u - half;
      for (var k = 0u; k < ROUND; k += 1u) {
        for (var c = 0u; c < 4u; c += 1u) {
          let p = other * HALF + (k * 4u + c) * ROW + (slot + 4u * k) % SLOTS;
          let b = other * LANES + k * SLOTS + c * 2u + mine;
          let left = stage[p];
          let even = blocks[b];
          sums.left_even = outer(sums.left_even, even, left);
          let odd = blocks[b + 8u];
          sums.left_odd = outer(sums.left_odd, odd, left);
          let right = stage[p + SLOTS];
          sums.right_odd = outer(sums.right_odd, odd, right);
          sums.right_even = outer(sums.right_even, even, right);
        }
      }
    }
    let a = half * HALF + a_at;
    let b = half * HALF + b_at;
    let a_quad = scaled(next.a, next.step, part.index);
    stage[a][component] = a_quad.x;
    stage[a + ROW][component] = a_quad.y;
    stage[a + 2u * ROW][component] = a_quad.z;
    stage[a + 3u * ROW][component] = a_quad.w;
    if (LANES < 256u) {
      let b_quad = scaled(next.b, next.step, part.index);
      stage[b][component] = b_quad.x;
      stage[b + ROW][component] = b_quad.y;
      stage[b + 2u * ROW][component] = b_quad.z;
      stage[b + 3u * ROW][component] = b_quad.w;
    }
    if (LANES < 128u) {
      let c_quad = scaled(next.c, next.step, part.index);
      let d_quad = scaled(next.d, next.step, part.index);
      stage[a + SLOTS][component] = c_quad.x;
      stage[a + SLOTS + ROW][component] = c_quad.y;
      stage[a + SLOTS + 2u * ROW][component] = c_quad.z;
      stage[a + SLOTS + 3u * ROW][component] = c_quad.w;
      stage[b + SLOTS][component] = d_quad.x;
      stage[b + SLOTS + ROW][component] = d_quad.y;
      stage[b + SLOTS + 2u * ROW][component] = d_quad.z;
      stage[b + SLOTS + 3u * ROW][component] = d_quad.w;
    }
    // The step behind an odd last one counts nothing.
    let some = !RAGGED || round * ROUND + slot / 8u < part.end - part.first;
    blocks[half * LANES + block_at] = select(vec4f(), next.weights, some);
    workgroupBarrier();
  }
  return sums;
}

// Sums of one operand over `depth` steps, and of a second one over `more`: each has a loop of its own, which does not carry the other's loads.
fn product(lane: u32, group: u32, depth: u32, more: u32) -> Tile {
  let pair = min(pair_of(group, lane), params.pairs - 1u);
  let sums = multiplied_rounds(biased(params.bias, pair * 2u), lane, group, depth + more, Part(0u, 0u, depth));
  if (more == 0u) { return sums; }
  return multiplied_rounds(sums, lane, group, depth + more, Part(1u, depth, depth + more));
}

fn finish4(pixel: u32, quad: u32, sums: mat4x4f) {
  finish(pixel, quad, sums[0]);
  finish(pixel + 1u, quad, sums[1]);
  finish(pixel + 2u, quad, sums[2]);
  finish(pixel + 3u, quad, sums[3]);
}
fn finish_tile(lane: u32, group: u32, sums: Tile) {
  let pixel = tile_of(group) * PIXELS + lane % SLOTS * 4u;
  let quad = pair_of(group, lane) * 2u;
  finish4(pixel, quad, sums.left_even);
  finish4(pixel, quad + 1u, sums.left_odd);
  finish4(pixel + 64u, quad, sums.right_even);
  finish4(pixel + 64u, quad + 1u, sums.right_odd);
}
