// `qconv.matrix` where each sixteen of output channels has a group of input channels to itself: a workgroup makes 32 pixels of four sixteens at a time. Its
// 128 rows of operands are those pixels, sixteen by sixteen; each subgroup makes some of these rows.
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/codes.wgsl
// use lib/qconv.io.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.codes.wgsl
// use lib/qconv.places.wgsl

const LANES = 128u;
const PIXELS = 32u;
const SIXTEENS = 4u;
const CHANNELS = 64u;
const PIXEL_ROWS = SIXTEENS * PIXELS;
const ROUND = 4u;  // pairs of words
const ROW = 6u;    // of these, from one row to the next: see lib/matrix.product
const OPERANDS = (PIXEL_ROWS + CHANNELS) * ROW;
const STAGE = 256u;
const OWN_ROWS = PIXEL_ROWS / (LANES / MATRIX_LANES);
const MATRICES_DOWN = OWN_ROWS / MATRIX_M;
const MATRICES_ACROSS = 16u / MATRIX_N;
const MATRIX_QUADS = MATRIX_M * MATRIX_N / 4u;
const MOST_ROUNDS = 1048576u;  // never reached: a loop with a constant bound needs no guard

// A sixteen beyond the last repeats that.
fn place_of(pixel: u32, sixteen: u32) -> Place {
  let pair = min(sixteen * 2u, params.pairs - 2u);
  return place_at(pixel, pair / params.group_pairs * QUADS, branch_of(pair / params.branch_pairs));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let blocks = (params.pairs * 8u + CHANNELS - 1u) / CHANNELS;
  let tile = group / blocks;
  let own_block = group - tile * blocks;
  if (tile * PIXELS >= params.height * params.width) { return; }
  let bounded = lane % LANES;
  let subgroup = bounded / MATRIX_LANES;
  let within = bounded % MATRIX_LANES;
  let pixel = tile * PIXELS + bounded / ROUND;
  let sixteen = own_block * SIXTEENS;
  let a = place_of(pixel, sixteen);
  let b = place_of(pixel, sixteen + 1u);
  let c = place_of(pixel, sixteen + 2u);
  let d = place_of(pixel, sixteen + 3u);
  let pixels_at = bounded / ROUND * ROW + bounded % ROUND;
  let block_at = PIXEL_ROWS * ROW + bounded / 2u * ROW + bounded % 2u * 2u;
  let steps = ROWS * COLUMNS * pairs_of_tap();
  let rounds = (steps + ROUND - 1u) / ROUND;
  let weights_at = own_block * rounds * LANES + lane;

  var made: array<Sums, MATRICES_DOWN * MATRICES_ACROSS>;
  // One turn more than there are rounds: the first only fetches, the last only multiplies.
  for (var round = 0u; round < MOST_ROUNDS; round += 1u) {
    if (round > rounds) { break; }
    let next = min(round, rounds - 1u);
    let step = min(next * ROUND + lane % ROUND, steps - 1u);
    let a_pair = quad_at(a, step, 0u);
    let b_pair = quad_at(b, step, 0u);
    let c_pair = quad_at(c, step, 0u);
    let d_pair = quad_at(d, step, 0u);
    let codes = weights[weights_at + next * LANES];
    if (round > 0u) {
      for (var k = 0u; k < ROUND * DEPTH / MATRIX_K; k += 1u) {
        let along = k * (MATRIX_K / DEPTH);
        for (var i = 0u; i < MATRICES_DOWN; i += 1u) {
          let row = subgroup * OWN_ROWS + i * MATRIX_M;
          let left = left_matrix(row * ROW + along);
          for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
            let right = right_matrix((PIXEL_ROWS + row / PIXELS * 16u + j * MATRIX_N) * ROW + along);
            made[i * MATRICES_ACROSS + j] = subgroupMatrixMultiplyAccumulate(left, right, made[i * MATRICES_ACROSS + j]);
          }
        }
      }
    }
    workgroupBarrier();
    put_operand(pixels_at, a_pair);
    put_operand(pixels_at + PIXELS * ROW, b_pair);
    put_operand(pixels_at + 2u * PIXELS * ROW, c_pair);
    put_operand(pixels_at + 3u * PIXELS * ROW, d_pair);
    put_operand(block_at, codes.xy);
    put_operand(block_at + 1u, codes.zw);
    workgroupBarrier();
  }
  for (var i = 0u; i < MATRICES_DOWN; i += 1u) {
    for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
      workgroupBarrier();
      put_sums(subgroup * MATRIX_QUADS, made[i * MATRICES_ACROSS + j]);
      workgroupBarrier();
      let row = subgroup * OWN_ROWS + i * MATRIX_M;
      let quad = (own_block * SIXTEENS + row / PIXELS) * 4u + j * (MATRIX_N / 4u) + within % (MATRIX_N / 4u);
      for (var turn = 0u; turn < MATRIX_QUADS / MATRIX_LANES; turn += 1u) {
        let index = turn * MATRIX_LANES + within;
        let own = tile * PIXELS + row % PIXELS + index / (MATRIX_N / 4u);
        if (own < params.height * params.width) { finish(own, quad, staged(subgroup * MATRIX_QUADS + index)); }
      }
    }
  }
}
