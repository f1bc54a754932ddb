// The same convolution by workgroups that add up what they sum: 4 pairs of quads × 64 tiles each, so that a map leaves a few dozen rows
// of partial sums instead of hundreds, few enough for every workgroup of the next convolution to read them all. For GPUs. The weights of a
// row of taps are staged, because all tiles read them.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/grouped.io.wgsl

const LANES = 256u;
const PAIRS = 4u;   // of a workgroup; neighbouring lanes read neighbouring channels
const TILES = 64u;  // LANES / PAIRS

var<workgroup> taps: array<vec4f, max(24u * GROUP * PAIRS, 2u * LANES)>;  // columns of the kernel × input quads × 8 quads of weights × pairs; later sums

fn finish(row: u32, column: u32, quad: u32, sum: vec4f) -> vec4f {
  if (column >= params.width) { return vec4f(); }
  return store(row, column, quad, sum);
}
fn finish4(row: u32, column: u32, quad: u32, made: mat4x4f) -> vec4f {
  return finish(row, column, quad, made[0]) + finish(row, column + 1u, quad, made[1])
       + finish(row, column + 2u, quad, made[2]) + finish(row, column + 3u, quad, made[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let side = (params.pairs + PAIRS - 1u) / PAIRS;
  let strip = group / side;
  if (strip >= params.strips) { return; }
  let first_pair = (group - strip * side) * PAIRS;
  let first_quad = first_pair * 2u;
  let pair = first_pair + lane % PAIRS;
  let quad = pair * 2u;
  let first = quad / GROUP * GROUP;
  let dilation = params.dilations[min(quad / params.branch_quads, 3u)];
  let mine = lane % PAIRS;

  var even_sum = vec4f();
  var odd_sum = vec4f();
  let tiles = params.height * params.across;
  let turns = (tiles + params.strips * TILES - 1u) / (params.strips * TILES);
  for (var turn = 0u; turn < 65536u; turn += 1u) {
    if (turn >= turns) { break; }
    let tile = strip + (turn * TILES + lane / PAIRS) * params.strips;
    let live = pair < params.pairs && tile < tiles;
    let row = tile / params.across;
    let column = (tile - row * params.across) * 8u;
    var made = biased(params.bias, min(pair, params.pairs - 1u) * 2u);
    for (var ky = 0u; ky < 3u; ky += 1u) {
      workgroupBarrier();
      for (var part = 0u; part < 24u * GROUP * PAIRS / LANES + 1u; part += 1u) {
        let i = part * LANES + lane;
        if (i < 24u * GROUP * PAIRS) {
          taps[i] = weight((min(first_pair + i % PAIRS, params.pairs - 1u) * 3u + ky) * 24u * GROUP + i / PAIRS);
        }
      }
      workgroupBarrier();
      let v = i32(row * STRIDE + ky * dilation) - i32(dilation);
      let inside = live & (v >= 0) & (v < i32(params.x_height));
      for (var kx = 0u; kx < 3u; kx += 1u) {
        let u = i32(column * STRIDE + kx * dilation) - i32(dilation);
        // With a dilation wider than the map a whole tap is padding.
        if (!inside || u >= i32(params.x_width) || u + 7 * i32(STRIDE) < 0) { continue; }
        let left = row_pixels(u32(v), u, i32(STRIDE));
        let right = row_pixels(u32(v), u + 4 * i32(STRIDE), i32(STRIDE));
        // Most tiles lie inside the map with all of a tap: nothing of it is padding.
        if (u >= 0 && u + 7 * i32(STRIDE) < i32(params.x_width)) {
          for (var k = 0u; k < GROUP; k += 1u) {
            let at = (kx * GROUP + k) * 8u * PAIRS + mine;
            let even = mat4x4f(taps[at], taps[at + PAIRS], taps[at + 2u * PAIRS], taps[at + 3u * PAIRS]);
            let odd = mat4x4f(taps[at + 4u * PAIRS], taps[at + 5u * PAIRS], taps[at + 6u * PAIRS], taps[at + 7u * PAIRS]);
            let q = first + k;
            let p0 = decode(x[left.at.x + q]);
            made.left_even[0] += even * p0;
            made.left_odd[0] += odd * p0;
            let p1 = decode(x[left.at.y + q]);
            made.left_even[1] += even * p1;
            made.left_odd[1] += odd * p1;
            let p2 = decode(x[left.at.z + q]);
            made.left_even[2] += even * p2;
            made.left_odd[2] += odd * p2;
            let p3 = decode(x[left.at.w + q]);
            made.left_even[3] += even * p3;
            made.left_odd[3] += odd * p3;
            let p4 = decode(x[right.at.x + q]);
            made.right_even[0] += even * p4;
            made.right_odd[0] += odd * p4;
            let p5 = decode(x[right.at.y + q]);
            made.right_even[1] += even * p5;
            made.right_odd[1] += odd * p5;
            let p6 = decode(x[right.at.z + q]);
            made.right_even[2] += even * p6;
            made.right_odd[2] += odd * p6;
            let p7 = decode(x[right.at.w + q]);
            made.right_even[3] += even * p7;
            made.right_odd[3] += odd * p7;
          }
        } else {
          for (var k = 0u; k < GROUP; k += 1u) {
            let at = (kx * GROUP + k) * 8u * PAIRS + mine;
            let even = mat4x4f(taps[at], taps[at + PAIRS], taps[at + 2u * PAIRS], taps[at + 3u * PAIRS]);
            let odd = mat4x4f(taps[at + 4u * PAIRS], taps[at + 5u * PAIRS], taps[at + 6u * PAIRS], taps[at + 7u * PAIRS]);
            let q = first + k;
            let p0 = decode(x[left.at.x + q]) * left.inside.x;
            made.left_even[0] += even * p0;
            made.left_odd[0] += odd * p0;
            let p1 = decode(x[left.at.y + q]) * left.inside.y;
            made.left_even[1] += even * p1;
            made.left_odd[1] += odd * p1;
            let p2 = decode(x[left.at.z + q]) * left.inside.z;
            made.left_even[2] += even * p2;
            made.left_odd[2] += odd * p2;
            let p3 = decode(x[left.at.w + q]) * left.inside.w;
            made.left_even[3] += even * p3;
            made.left_odd[3] += odd * p3;
            let p4 = decode(x[right.at.x + q]) * right.inside.x;
            made.right_even[0] += even * p4;
            made.right_odd[0] += odd * p4;
            let p5 = decode(x[right.at.y + q]) * right.inside.y;
            made.right_even[1] += even * p5;
            made.right_odd[1] += odd * p5;
            let p6 = decode(x[right.at.z + q]) * right.inside.z;
            made.right_even[2] += even * p6;
            made.right_odd[2] += odd * p6;
            let p7 = decode(x[right.at.w + q]) * right.inside.w;
            made.right_even[3] += even * p7;
            made.right_odd[3] += odd * p7;
          }
        }
      }
    }
    if (live) {
      even_sum += finish4(row, column, quad, made.left_even) + finish4(row, column + 4u, quad, made.right_even);
      odd_sum += finish4(row, column, quad + 1u, made.left_odd) + finish4(row, column + 4u, quad + 1u, made.right_odd);
    }
  }
  if (!SQUEEZE) { return; }
  // 64 sums of 8 quads: eight lanes a quad add up eight each, then one adds up theirs.
  const QUADS = 2u * PAIRS;
  workgroupBarrier();
  taps[lane * 2u] = even_sum;
  taps[lane * 2u + 1u] = odd_sum;
  workgroupBarrier();
  var sum = vec4f();
  if (lane < TILES) {
    for (var i = 0u; i < 8u; i += 1u) { sum += taps[lane + i * TILES]; }
  }
  workgroupBarrier();
  if (lane < TILES) { taps[lane] = sum; }
  workgroupBarrier();
  if (lane < QUADS && first_quad + lane < params.pairs * 2u) {
    var total = vec4f();
    for (var i = 0u; i < 8u; i += 1u) { total += taps[lane + i * QUADS]; }
    partials[strip * params.pairs * 2u + first_quad + lane] = total;
  }
}
