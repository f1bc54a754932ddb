// `grouped` of groups of whole sixteens of channels by workgroups that add up what they sum: 4 pairs of quads × 64 tiles each, so that a map
// leaves a few dozen rows of partial sums instead of hundreds, few enough for every workgroup of the next convolution to read them all. For
// GPUs. The weights of a row of taps are staged, because all tiles read them. A lane makes 4 pixels × 16 channels, half of a tile and two pairs
// of a group, so that a loaded quad serves all 16: loads of maps are what this convolution has most of.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/grouped.io.wgsl

@group(0) @binding(2) var<storage, read> weights: array<packed>;

override STRIDE: u32 = 1u;

const LANES = 256u;
const PAIRS = 4u;   // of a workgroup; neighbouring lanes have neighbouring channels
const TILES = 64u;  // LANES / PAIRS
const QUADS = 2u * PAIRS;

// Columns of the kernel × input quads × 8 quads of weights × pairs; later the sums of all lanes.
var<workgroup> stage: array<vec4f, max(24u * GROUP * PAIRS, 4u * LANES)>;

fn finish(row: u32, column: u32, quad: u32, sum: vec4f) -> vec4f {
  if (column >= params.width) { return vec4f(); }
  return store(row, column, quad, sum);
}
fn finish4(row: u32, column: u32, quad: u32, made: mat4x4f) -> vec4f {
  return finish(row, column, quad, made[0]) + finish(row, column + 1u, quad, made[1])
       + finish(row, column + 2u, quad, made[2]) + finish(row, column + 3u, quad, made[3]);
}

// Four pixels from quad `at` on, all inside the map.
fn load_whole(at: u32) -> mat4x4f {
  let step = STRIDE * params.x_stride;
  return mat4x4f(decode(x[at]), decode(x[at + step]), decode(x[at + 2u * step]), decode(x[at + 3u * step]));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let side = (params.pairs + PAIRS - 1u) / PAIRS;
  let strip = group / side;
  if (strip >= params.strips) { return; }
  let first_pair = (group - strip * side) * PAIRS;
  let mine = lane % 2u * 2u;
  let pair = first_pair + mine;
  let quad = pair * 2u;
  let first = quad / GROUP * GROUP;
  let dilation = params.dilations[min(quad / params.branch_quads, 3u)];

  let tiles = params.height * params.across;
  let turns = (tiles + params.strips * TILES - 1u) / (params.strips * TILES);
  for (var turn = 0u; turn < 65536u; turn += 1u) {
    if (turn >= turns) { break; }
    let tile = strip + (turn * TILES + lane / PAIRS) * params.strips;
    let live = pair < params.pairs && tile < tiles;
    let row = tile / params.across;
    let column = (tile - row * params.across) * 8u;
    let here = column + lane / 2u % 2u * 4u;
    let own = biased(params.bias, min(pair, params.pairs - 1u) * 2u);
    let next = biased(params.bias, min(pair + 1u, params.pairs - 1u) * 2u);
    // Its fields are here those of the first pair and of the next.
    var made = Tile(own.left_even, own.left_odd, next.left_even, next.left_odd);
    for (var ky = 0u; ky < 3u; ky += 1u) {
      workgroupBarrier();
      for (var part = 0u; part < 24u * GROUP * PAIRS / LANES + 1u; part += 1u) {
        let i = part * LANES + lane;
        if (i < 24u * GROUP * PAIRS) {
          stage[i] = weight((min(first_pair + i % PAIRS, params.pairs - 1u) * 3u + ky) * 24u * GROUP + i / PAIRS);
        }
      }
      workgroupBarrier();
      let v = i32(row * STRIDE + ky * dilation) - i32(dilation);
      let inside = live & (v >= 0) & (v < i32(params.x_height));
      for (var kx = 0u; kx < 3u; kx += 1u) {
        let u = i32(here * STRIDE + kx * dilation) - i32(dilation);
        // With a dilation wider than the map a whole tap is padding.
        if (!inside || u >= i32(params.x_width) || u + 3 * i32(STRIDE) < 0) { continue; }
        // Most tiles lie inside the map with all of a tap: nothing of it is padding.
        if (u >= 0 && u + 3 * i32(STRIDE) < i32(params.x_width)) {
          let pixel = (u32(v) * params.x_width + u32(u)) * params.x_stride;
          for (var k = 0u; k < GROUP; k += 1u) {
            let at = (kx * GROUP + k) * 8u * PAIRS + mine;
            let pixels = load_whole(pixel + first + k);
            // Channel by channel, each block of weights loaded right before its products: with all 16 numbers at once Apple's compiler spills.
            for (var c = 0u; c < 4u; c += 1u) {
              let channel = vec4f(pixels[0][c], pixels[1][c], pixels[2][c], pixels[3][c]);
              made.left_even = outer(made.left_even, stage[at + c * PAIRS], channel);
              made.left_odd = outer(made.left_odd, stage[at + (c + 4u) * PAIRS], channel);
              made.right_even = outer(made.right_even, stage[at + c * PAIRS + 1u], channel);
              made.right_odd = outer(made.right_odd, stage[at + (c + 4u) * PAIRS + 1u], channel);
            }
          }
        } else {
          for (var k = 0u; k < GROUP; k += 1u) {
            let at = (kx * GROUP + k) * 8u * PAIRS + mine;
            let pixels = load_pixels(row_pixels(u32(v), u, i32(STRIDE)), first + k);
            for (var c = 0u; c < 4u; c += 1u) {
              let channel = vec4f(pixels[0][c], pixels[1][c], pixels[2][c], pixels[3][c]);
              made.left_even = outer(made.left_even, stage[at + c * PAIRS], channel);
              made.left_odd = outer(made.left_odd, stage[at + (c + 4u) * PAIRS], channel);
              made.right_even = outer(made.right_even, stage[at + c * PAIRS + 1u], channel);
              made.right_odd = outer(made.right_odd, stage[at + (c + 4u) * PAIRS + 1u], channel);
            }
          }
        }
      }
    }
    var sums = mat4x4f();
    if (live) {
      sums = mat4x4f(finish4(row, here, quad, made.left_even), finish4(row, here, quad + 1u, made.left_odd),
                     finish4(row, here, quad + 2u, made.right_even), finish4(row, here, quad + 3u, made.right_odd));
    }
    if (!SQUEEZE) { continue; }
    // 128 sums of 8 quads: eight lanes a quad add up sixteen each, then one adds up theirs. At once, or they were kept while the next are made.
    workgroupBarrier();
    stage[lane * 4u] = sums[0];
    stage[lane * 4u + 1u] = sums[1];
    stage[lane * 4u + 2u] = sums[2];
    stage[lane * 4u + 3u] = sums[3];
    workgroupBarrier();
    var sum = vec4f();
    if (lane < TILES) {
      for (var i = 0u; i < 16u; i += 1u) { sum += stage[lane + i * TILES]; }
    }
    workgroupBarrier();
    if (lane < TILES) { stage[lane] = sum; }
    workgroupBarrier();
    // Of a turn, added to those before: kept in a register it would be one too many for Apple's compiler while the next turn is made.
    if (lane < QUADS && first_pair * 2u + lane < params.pairs * 2u) {
      let at = (strip * params.pairs + first_pair) * 2u + lane;
      var total = vec4f();
      if (turn > 0u) { total = partials[at]; }
      for (var i = 0u; i < 8u; i += 1u) { total += stage[lane + i * QUADS]; }
      partials[at] = total;
    }
  }
}
