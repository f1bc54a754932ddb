// `grouped` for GPUs with subgroup matrices, of groups of whole sixteens of channels: a tap of 16 of them is one product of 16 by 16. A workgroup makes 32
// pixels of a row at a time, of four sixteens, each subgroup rows of one sixteen. What a row of the kernel reads is staged once, from the first of its taps to the last:
// a tap's matrix begins its dilation further on. With stride 2 even columns come first. Where a group is one sixteen its weights are loaded into
// matrices once for all pixels. It adds up what it sums, as `grouped.workgroup` does.
// use lib/matrix.halves.wgsl
// use lib/matrix.enable.wgsl
// use lib/f32.wgsl
// use lib/weights.matrix.wgsl
// use lib/activation.wgsl
// use lib/grouped.io.wgsl
// use lib/matrix.form.wgsl
// use lib/matrix.wgsl

@group(0) @binding(2) var<storage, read> weights: array<packed>;

override STRIDE: u32 = 1u;

const LANES = 128u;
const PIXELS = 32u;
const GROUPS = 4u;  // of sixteen output channels
const QUADS = 4u;   // of these
const WIDE = GROUPS * QUADS;
const SPAN = 80u;   // columns that there is room for; src/kernels/matrices.ts keeps to it
const ROW = 18u;    // quads from one pixel to the next, or from one output channel of all four sixteens
const OPERANDS = SPAN * ROW;
const STAGE = 256u;
const AT_ONCE = LANES / WIDE;  // pixels that all lanes fetch
const BATCH = 5u;              // of those, on their way together: 40 columns hold a dilation of 4, twice as many one of 24
const ROWS = GROUPS * PIXELS;
const SUBGROUPS = LANES / MATRIX_LANES;
const OWN_ROWS = ROWS / SUBGROUPS;
const OWN_GROUPS = max(1u, OWN_ROWS / PIXELS);
const MATRICES_DOWN = OWN_ROWS / MATRIX_M;
const MATRICES_ACROSS = 16u / MATRIX_N;
const MATRICES_ALONG = 16u / MATRIX_K;
const MATRIX_QUADS = MATRIX_M * MATRIX_N / 4u;
alias Made = array<Sums, MATRICES_DOWN * MATRICES_ACROSS>;
// Of the quad that a lane stores in each.
alias Totals = array<vec4f, MATRICES_DOWN * MATRICES_ACROSS>;
// Of a tap, and of a row of the kernel.
const OF_TAP = OWN_GROUPS * MATRICES_ALONG * MATRICES_ACROSS;
alias Rights = array<Right, 3u * OF_TAP>;

fn dilation_of(quad: u32) -> u32 { return params.dilations[min(quad / params.branch_quads, 3u)]; }
fn slot_of(column: u32) -> u32 { return column % STRIDE * (SPAN / STRIDE) + column / STRIDE; }

// The weights of a row of the kernel. All lanes come here.
fn load_rights(lane: u32, subgroup: u32, at: u32, next: u32) -> Rights {
  workgroupBarrier();
  for (var tap = 0u; tap < 3u; tap += 1u) {
    let eight = weights[at + tap * next * LANES];
    let to = (tap * 16u + lane / 2u % 16u) * ROW + lane / 32u * QUADS + lane % 2u * 2u;
    put_operand(to, bitcast<vec4h>(eight.xy));
    put_operand(to + 1u, bitcast<vec4h>(eight.zw));
  }
  workgroupBarrier();
  var rights: Rights;
  for (var tap = 0u; tap < 3u; tap += 1u) {
    for (var g = 0u; g < OWN_GROUPS; g += 1u) {
      let group = subgroup * OWN_ROWS / PIXELS + g;
      for (var k = 0u; k < MATRICES_ALONG; k += 1u) {
        for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
          rights[tap * OF_TAP + (g * MATRICES_ALONG + k) * MATRICES_ACROSS + j] =
            right_matrix((tap * 16u + j * MATRIX_N) * ROW + group * QUADS + k * (MATRIX_K / 4u));
        }
      }
    }
  }
  return rights;
}

// What a lane fetches: a quad of every eighth pixel.
struct Fetch {
  index: u32,  // of the first
  to: u32,     // the quad's place in a row of the operands
  quad: u32,   // in x
  dilation: u32,
}

// A row of the kernel, `ky` rows down. All lanes come here.
fn add_row(fetch: Fetch, subgroup: u32, first: u32, row: u32, left: u32, ky: u32, made: Made, rights: Rights) -> Made {
  var sums = made;
  workgroupBarrier();
  let y_row = i32(row * STRIDE + ky * fetch.dilation) - i32(fetch.dilation);
  let inside = (y_row >= 0) & (y_row < i32(params.x_height));
  let start = i32(left * STRIDE) - i32(fetch.dilation);
  let row_start = select(0, y_row, inside) * i32(params.x_width);
  let columns = (PIXELS - 1u) * STRIDE + 1u + 2u * fetch.dilation;
  for (var batch = 0u; batch < columns; batch += BATCH * AT_ONCE) {
    var quads: array<stored, BATCH>;
    for (var i = 0u; i < BATCH; i += 1u) {
      let column = start + i32(batch + fetch.index + i * AT_ONCE);
      let live = inside & (column >= 0) & (column < i32(params.x_width));
      quads[i] = select(stored(), x[u32(select(0, row_start + column, live)) * params.x_stride + fetch.quad], live);
    }
    for (var i = 0u; i < BATCH; i += 1u) {
      put_operand(slot_of(batch + fetch.index + i * AT_ONCE) * ROW + fetch.to, vec4h(decode(quads[i])));
    }
  }
  workgroupBarrier();
  for (var g = 0u; g < OWN_GROUPS; g += 1u) {
    let group = subgroup * OWN_ROWS / PIXELS + g;
    let dilation = dilation_of(first + group * QUADS);
    for (var tap = 0u; tap < 3u; tap += 1u) {
      let at = (slot_of(tap * dilation) + subgroup * OWN_ROWS % PIXELS) * ROW + group * QUADS;
      for (var i = 0u; i < MATRICES_DOWN / OWN_GROUPS; i += 1u) {
        for (var k = 0u; k < MATRICES_ALONG; k += 1u) {
          let pixels = left_matrix(at + i * (MATRIX_M * ROW) + k * (MATRIX_K / 4u));
          for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
            let n = (g * (MATRICES_DOWN / OWN_GROUPS) + i) * MATRICES_ACROSS + j;
            sums[n] = subgroupMatrixMultiplyAccumulate(pixels, rights[tap * OF_TAP + (g * MATRICES_ALONG + k) * MATRICES_ACROSS + j], sums[n]);
          }
        }
      }
    }
  }
  return sums;
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
  let first = own_block * WIDE;
  let mine = min(first + bounded % WIDE, params.pairs * 2u - 1u);
  let parts = GROUP / QUADS;  // sixteens of a group
  let weights_at = own_block * 9u * parts * LANES + lane;

  var totals: Totals;
  var upper = load_rights(bounded, subgroup, weights_at, parts);
  var middle = load_rights(bounded, subgroup, weights_at + 3u * parts * LANES, parts);
  var lower = load_rights(bounded, subgroup, weights_at + 6u * parts * LANES, parts);
  let across = (params.width + PIXELS - 1u) / PIXELS;
  let turns = (params.height * across + params.strips - 1u) / params.strips;
  for (var turn = 0u; turn < 65536u; turn += 1u) {
    if (turn >= turns) { break; }
    let tile = strip + turn * params.strips;
    let row = tile / across;
    let left = (tile - row * across) * PIXELS;
    // Zero is said: lavapipe goes on with the sums of the turn before where it is not.
    var made = Made();
    for (var part = 0u; part < GROUP / QUADS; part += 1u) {
      if (GROUP > QUADS) {
        upper = load_rights(bounded, subgroup, weights_at + part * LANES, parts);
        middle = load_rights(bounded, subgroup, weights_at + (3u * parts + part) * LANES, parts);
        lower = load_rights(bounded, subgroup, weights_at + (6u * parts + part) * LANES, parts);
      }
      let fetch = Fetch(bounded / WIDE, bounded % WIDE, mine / GROUP * GROUP + part * QUADS + mine % QUADS, dilation_of(mine));
      made = add_row(fetch, subgroup, first, row, left, 0u, made, upper);
      made = add_row(fetch, subgroup, first, row, left, 1u, made, middle);
      made = add_row(fetch, subgroup, first, row, left, 2u, made, lower);
    }
    for (var i = 0u; i < MATRICES_DOWN; i += 1u) {
      for (var j = 0u; j < MATRICES_ACROSS; j += 1u) {
        workgroupBarrier();
        put_sums(subgroup * MATRIX_QUADS, made[i * MATRICES_ACROSS + j]);
        workgroupBarrier();
        let of_group = subgroup * OWN_ROWS + i * MATRIX_M;
        // A lane's quads of a matrix all have the same channels.
        let own = (own_block * GROUPS + of_group / PIXELS) * QUADS + j * (MATRIX_N / 4u) + within % (MATRIX_N / 4u);
        for (var part = 0u; part < MATRIX_QUADS / MATRIX_LANES; part += 1u) {
          let of_matrix = part * MATRIX_LANES + within;
          let column = left + of_group % PIXELS + of_matrix / (MATRIX_N / 4u);
          if ((row < params.height) & (column < params.width) & (own < params.pairs * 2u)) {
            totals[i * MATRICES_ACROSS + j] += store(row, column, own, staged(subgroup * MATRIX_QUADS + of_matrix) + bias(params.bias, own));
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
