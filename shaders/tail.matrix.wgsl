// `tail` for GPUs with subgroup matrices, of up to 64 channels: the same tile of 16 columns, 8 rows of it. Sixteen channels of the operand are staged with their
// border, and the weights of one tap at a time: rows of 16 channels of halves, of pixels first, as in lib/matrix.product. A tap's left matrix is pixels side
// by side in a row of the stage. The classifier reads what the convolution made as halves, from where the operand lay.
// use lib/matrix.halves.wgsl
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/weights.matrix.wgsl
// use lib/bilinear.wgsl
// use lib/tail.io.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.wgsl

const LANES = 128u;
const PIXELS = 128u;
const CHANNELS = 64u;
const COLUMNS = 16u;
const HIGH = PIXELS / COLUMNS;
const WIDE = COLUMNS + 2u;  // with its border
const AREA = WIDE * (HIGH + 2u);
const ROUND = 4u;           // quads
const ROW = 6u;             // quads from one row to the next
const OPERANDS = (AREA + CHANNELS) * ROW;
const STAGE = 256u;
const SUBGROUPS = LANES / MATRIX_LANES;
const ACROSS = select(select(1u, 2u, SUBGROUPS >= 4u), 4u, SUBGROUPS >= 16u);
const DOWN = SUBGROUPS / ACROSS;
const OWN_PIXELS = PIXELS / DOWN;
const OWN_CHANNELS = CHANNELS / ACROSS;
const MATRICES_DOWN = OWN_PIXELS / MATRIX_M;
const MATRICES_ACROSS = OWN_CHANNELS / MATRIX_N;
const MATRIX_QUADS = MATRIX_M * MATRIX_N / 4u;
// Pixels that the classifier takes at a time: a row of matrices of each subgroup; and quads from one to the next.
const BAND = DOWN * MATRIX_M;
const BAND_ROW = CHANNELS / 4u + 1u;
const MOST_HALF = 65504.0;

// The sums of a matrix, a quad at a time: stored, or left for the classifier.
fn finish(top: u32, left: u32, pixel: u32, of_band: u32, quad: u32, sum: vec4f) {
  if (quad >= PAIRS * 2u) { return; }
  let value = activated(sum + bias(params.bias, quad));
  if (PROJECTED == 0u) { store(top + pixel / COLUMNS, left + pixel % COLUMNS, quad, value); }
  else { put_operand(of_band * BAND_ROW + quad, vec4h(clamp(value, vec4f(-MOST_HALF), vec4f(MOST_HALF)))); }
}

// A band through the classifier, all lanes together.
fn project(lane: u32, top: u32, left: u32, row: u32) {
  for (var index = lane; index < PROJECTED * BAND; index += LANES) {
    let quad = index / BAND;
    let of_band = index - quad * BAND;
    var sum = weight(params.project + PROJECTED * PAIRS * 8u + quad);
    for (var k = 0u; k < PAIRS * 2u; k += 1u) {
      let at = params.project + (quad * PAIRS * 2u + k) * 4u;
      sum += mat4x4f(weight(at), weight(at + 1u), weight(at + 2u), weight(at + 3u)) * vec4f(operand_quad(of_band * BAND_ROW + k));
    }
    let pixel = of_band / MATRIX_M * OWN_PIXELS + row * MATRIX_M + of_band % MATRIX_M;
    store(top + pixel / COLUMNS, left + pixel % COLUMNS, quad, sum);
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let top = group / params.across * HIGH;
  let left = (group - group / params.across * params.across) * COLUMNS;
  if (top >= params.height) { return; }
  let bounded = lane % LANES;
  let subgroup = bounded / MATRIX_LANES;
  let within = bounded % MATRIX_LANES;
  let down = subgroup / ACROSS;
  let across = subgroup % ACROSS;
  let block_at = AREA * ROW + bounded / 2u * ROW + bounded % 2u * 2u;
  let left_at = down * (OWN_PIXELS / COLUMNS * WIDE * ROW);
  let right_at = (AREA + across * OWN_CHANNELS) * ROW;

  var made: array<Sums, MATRICES_DOWN * MATRICES_ACROSS>;
  var next = weights[lane];
  for (var round = 0u; round < (QUADS + ROUND - 1u) / ROUND; round += 1u) {
    workgroupBarrier();
    for (var index = lane; index < AREA * ROUND; index += LANES) {
      let quad = round * ROUND + index % ROUND;
      let pixel = index / ROUND;
      var value = vec4f();
      if (quad < QUADS) { value = operand(i32(top + pixel / WIDE) - 1, i32(left + pixel % WIDE) - 1, quad); }
      put_operand(pixel * ROW + index % ROUND, vec4h(value));
    }
    for (var tap = 0u; tap < 9u; tap += 1u) {
      let eight = next;
      if (tap > 0u) { workgroupBarrier(); }
      put_operand(block_at, bitcast<vec4h>(eight.xy));
      put_operand(block_at + 1u, bitcast<vec4h>(eight.zw));
      next = weights[(round * 9u + tap + 1u) * LANES + lane];
      workgroupBarrier();
      for (var k = 0u; k < 16u / MATRIX_K; k += 1u) {
        let along = k * (MATRIX_K / 4u);
        var rights: array<Right, MATRICES_ACROSS>;
        for (var j = 0u; j < MATRICES_ACROSS; j += 1u) { rights[j] = right_matrix(right_at + j * (MATRIX_N * ROW) + along); }
        for (var i = 0u; i < MATRICES_DOWN; i += 1u) {
          let pixel = i * MATRIX_M;
          let matrix = left_matrix(left_at + ((pixel / COLUMNS + tap / 3u) * WIDE + pixel % COLUMNS + tap % 3u) * ROW + along);
          for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
            made[i * MATRICES_ACROSS + j] = subgroupMatrixMultiplyAccumulate(matrix, rights[j], made[i * MATRICES_ACROSS + j]);
          }
        }
      }
    }
  }
  let quads_across = MATRIX_N / 4u;
  // As in lib/matrix.product the next matrix always stands first.
  for (var n = 0u; n < MATRICES_DOWN * MATRICES_ACROSS; n += 1u) {
    let row = n / MATRICES_ACROSS;
    workgroupBarrier();
    put_sums(subgroup * MATRIX_QUADS, made[0]);
    for (var k = 1u; k < MATRICES_DOWN * MATRICES_ACROSS; k += 1u) { made[k - 1u] = made[k]; }
    workgroupBarrier();
    for (var turn = 0u; turn < MATRIX_QUADS / MATRIX_LANES; turn += 1u) {
      let index = turn * MATRIX_LANES + within;
      let of_matrix = index / quads_across;
      let quad = (across * OWN_CHANNELS + n % MATRICES_ACROSS * MATRIX_N) / 4u + index % quads_across;
      finish(top, left, down * OWN_PIXELS + row * MATRIX_M + of_matrix, down * MATRIX_M + of_matrix, quad, staged(subgroup * MATRIX_QUADS + index));
    }
    if (PROJECTED > 0u && n % MATRICES_ACROSS == MATRICES_ACROSS - 1u) {
      workgroupBarrier();
      project(lane, top, left, row);
    }
  }
}
