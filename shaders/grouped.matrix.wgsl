// `grouped` for GPUs with subgroup matrices, of groups of whole sixteens of channels: a tap of 16 of them is one product of 16 by 16. A workgroup
// makes 32 pixels of four sixteens at a time, so that a pixel's operand is 128 bytes side by side; each subgroup makes rows of one sixteen. The rest is as in lib/matrix.product: rows of 16
// channels of halves, first of pixels, sixteen by sixteen, then of the weights of a tap. It adds up what it sums, as `grouped.workgroup` does.
// use lib/matrix.halves.wgsl
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/weights.matrix.wgsl
// use lib/activation.wgsl
// use lib/grouped.io.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.wgsl
override STRIDE: u32 = 1u;

const LANES = 128u;
const PIXELS = 32u;
const GROUPS = 4u;  // of sixteen output channels
const QUADS = 4u;   // of these
const ROWS = GROUPS * PIXELS;
const ROW = 6u;    // quads from one row to the next
const OPERANDS = (ROWS + GROUPS * 16u) * ROW;
const STAGE = 256u;
const SUBGROUPS = LANES / MATRIX_LANES;
const OWN_ROWS = ROWS / SUBGROUPS;
const MATRICES_DOWN = OWN_ROWS / MATRIX_M;
const MATRICES_ACROSS = 16u / MATRIX_N;
const MATRIX_QUADS = MATRIX_M * MATRIX_N / 4u;
alias Made = array<Sums, MATRICES_DOWN * MATRICES_ACROSS>;
// Of the quad that a lane stores in each.
alias Totals = array<vec4f, MATRICES_DOWN * MATRICES_ACROSS>;

// Where a lane fetches: a quad of a group, of four pixels.
struct Place {
  row: i32,  // of a tap in the middle
  column: i32,
  quad: u32,    // of the first sixteen of its group
  dilation: i32,
}
fn place_of(first_pixel: u32, index: u32, quad: u32) -> Place {
  let pixel = min(first_pixel + index, params.height * params.width - 1u);
  let row = pixel / params.width;
  let own = min(quad, params.pairs * 2u - 1u);
  return Place(i32(row * STRIDE), i32((pixel - row * params.width) * STRIDE), own / GROUP * GROUP + own % QUADS,
               i32(params.dilations[min(own / params.branch_quads, 3u)]));
}
// Steps are taps, and within one the sixteens of a group.
fn quad_at(place: Place, step: u32) -> vec4f {
  let tap = step / (GROUP / QUADS);
  let row = place.row + (i32(tap / 3u) - 1) * place.dilation;
  let column = place.column + (i32(tap % 3u) - 1) * place.dilation;
  let inside = (row >= 0) & (column >= 0) & (row < i32(params.x_height)) & (column < i32(params.x_width));
  let at = (u32(row) * params.x_width + u32(column)) * params.x_stride + place.quad + step % (GROUP / QUADS) * QUADS;
  return select(vec4f(), decode(x[select(0u, at, inside)]), inside);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let side = (params.pairs + GROUPS * 2u - 1u) / (GROUPS * 2u);
  let strip = group / side;
  if (strip >= params.strips) { return; }
  let own_block = group - strip * side;
  let bounded = lane % LANES;
  let subgroup = bounded / MATRIX_LANES;
  let within = bounded % MATRIX_LANES;
  // Sixteen neighbouring lanes fetch the 64 channels of a pixel.
  let quad = bounded % (GROUPS * QUADS);
  let index = bounded / (GROUPS * QUADS);
  let pixels_at = (quad / QUADS * PIXELS + index) * ROW + quad % QUADS;
  let block_at = ROWS * ROW + bounded / 2u * ROW + bounded % 2u * 2u;
  let steps = 9u * (GROUP / QUADS);
  let weights_at = own_block * steps * LANES + lane;

  var totals: Totals;
  let tiles = (params.height * params.width + PIXELS - 1u) / PIXELS;
  let turns = (tiles + params.strips - 1u) / params.strips;
  for (var turn = 0u; turn < 65536u; turn += 1u) {
    if (turn >= turns) { break; }
    let first_pixel = (strip + turn * params.strips) * PIXELS;
    let a = place_of(first_pixel, index, own_block * GROUPS * QUADS + quad);
    let b = place_of(first_pixel, index + 8u, own_block * GROUPS * QUADS + quad);
    let c = place_of(first_pixel, index + 16u, own_block * GROUPS * QUADS + quad);
    let d = place_of(first_pixel, index + 24u, own_block * GROUPS * QUADS + quad);
    // Zero is said: lavapipe goes on with the sums of the turn before where it is not.
    var made = Made();
    // One turn more than there are steps: the first only fetches, the last only multiplies.
    for (var step = 0u; step < 9u * (GROUP / QUADS) + 1u; step += 1u) {
      let next = min(step, steps - 1u);
      let a_quad = quad_at(a, next);
      let b_quad = quad_at(b, next);
      let c_quad = quad_at(c, next);
      let d_quad = quad_at(d, next);
      let eight = weights[weights_at + next * LANES];
      if (step > 0u) {
        for (var k = 0u; k < 16u / MATRIX_K; k += 1u) {
          for (var i = 0u; i < MATRICES_DOWN; i += 1u) {
            let row = subgroup * OWN_ROWS + i * MATRIX_M;
            let left = left_matrix(row * ROW + k * (MATRIX_K / 4u));
            for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
              let right = right_matrix((ROWS + row / PIXELS * 16u + j * MATRIX_N) * ROW + k * (MATRIX_K / 4u));
              made[i * MATRICES_ACROSS + j] = subgroupMatrixMultiplyAccumulate(left, right, made[i * MATRICES_ACROSS + j]);
            }
          }
        }
      }
      workgroupBarrier();
      put_operand(pixels_at, vec4h(a_quad));
      put_operand(pixels_at + 8u * ROW, vec4h(b_quad));
      put_operand(pixels_at + 16u * ROW, vec4h(c_quad));
      put_operand(pixels_at + 24u * ROW, vec4h(d_quad));
      put_operand(block_at, bitcast<vec4h>(eight.xy));
      put_operand(block_at + 1u, bitcast<vec4h>(eight.zw));
      workgroupBarrier();
    }
    for (var i = 0u; i < MATRICES_DOWN; i += 1u) {
      for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
        workgroupBarrier();
        put_sums(subgroup * MATRIX_QUADS, made[i * MATRICES_ACROSS + j]);
        workgroupBarrier();
        let row = subgroup * OWN_ROWS + i * MATRIX_M;
        // A lane's quads of a matrix all have the same channels.
        let own = (own_block * GROUPS + row / PIXELS) * QUADS + j * (MATRIX_N / 4u) + within % (MATRIX_N / 4u);
        for (var part = 0u; part < MATRIX_QUADS / MATRIX_LANES; part += 1u) {
          let of_matrix = part * MATRIX_LANES + within;
          let pixel = first_pixel + row % PIXELS + of_matrix / (MATRIX_N / 4u);
          if (pixel < params.height * params.width && own < params.pairs * 2u) {
            let y_row = pixel / params.width;
            totals[i * MATRICES_ACROSS + j] += store(y_row, pixel - y_row * params.width, own,
                                                     staged(subgroup * MATRIX_QUADS + of_matrix) + bias(params.bias, own));
          }
        }
      }
    }
  }
  if (!SQUEEZE) { return; }
  // Lanes put their totals side by side, and the first of those that share a quad adds them up; of several subgroups that share a group too.
  for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
    for (var part = 0u; part < max(1u, OWN_ROWS / PIXELS); part += 1u) {
      var total = vec4f();
      for (var i = 0u; i < MATRICES_DOWN / max(1u, OWN_ROWS / PIXELS); i += 1u) {
        total += totals[(part * (MATRICES_DOWN / max(1u, OWN_ROWS / PIXELS)) + i) * MATRICES_ACROSS + j];
      }
      workgroupBarrier();
      put_quad(bounded, total);
      workgroupBarrier();
      let sharing = max(1u, PIXELS / OWN_ROWS);  // subgroups of a group
      let own = (own_block * GROUPS + (subgroup * OWN_ROWS + part * PIXELS) / PIXELS) * QUADS + j * (MATRIX_N / 4u) + within;
      if (subgroup % sharing == 0u && within < MATRIX_N / 4u && own < params.pairs * 2u) {
        var sum = vec4f();
        for (var other = 0u; other < sharing * MATRIX_LANES / (MATRIX_N / 4u); other += 1u) { sum += staged(bounded + other * (MATRIX_N / 4u)); }
        partials[strip * params.pairs * 2u + own] = sum;
      }
    }
  }
}
