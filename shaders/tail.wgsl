// A decoder's last 3×3 convolution with what surrounds it, for GPUs: its operand may be a concat that is nowhere stored, a coarse map
// resized as it is read and a fine one beside it; and the classifier may follow while a pixel's channels are all in one workgroup. A
// workgroup makes a tile of 16 columns, all channels of it. A quad of the operand is staged with its border, and the weights of all its taps; a
// lane makes 8 pixels of a column as outer products (lib/staged.wgsl says why), so that three quads of pixels serve three rows of the kernel.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl
// use lib/bilinear.wgsl
// use lib/tail.io.wgsl

const LANES = 256u;
const COLUMNS = 16u;  // of a tile
const WIDE = 18u;     // with its border
const STAGE = 1024u;

// A quad of the operand and its weights; later quads × pixels of the result that the classifier reads.
var<workgroup> stage: array<vec4f, STAGE>;

// Where a lane is: its first pixel, its channels, its number among those with the same channels.
struct Place {
  row: u32,
  column: u32,
  pair: u32,
  slot: u32,
}

// Two pixels of every lane through the classifier, all lanes together; `down` is how far they lie below the lanes' first ones.
fn project(p: Place, lane: u32, top: u32, left: u32, down: u32, upper_even: vec4f, upper_odd: vec4f, lower_even: vec4f, lower_odd: vec4f) {
  let slots = LANES / PAIRS;
  let pixels = 2u * slots;
  let at = p.pair * 2u * pixels + p.slot;
  workgroupBarrier();
  stage[at] = activated(upper_even);
  stage[at + slots] = activated(lower_even);
  stage[at + pixels] = activated(upper_odd);
  stage[at + pixels + slots] = activated(lower_odd);
  workgroupBarrier();
  for (var index = lane; index < PROJECTED * pixels; index += LANES) {
    let quad = index / pixels;
    let pixel = index - quad * pixels;
    var sum = weight(params.project + PROJECTED * PAIRS * 8u + quad);
    for (var k = 0u; k < PAIRS * 2u; k += 1u) {
      sum += weight_block(params.project + (quad * PAIRS * 2u + k) * 4u) * stage[k * pixels + pixel];
    }
    let slot = pixel % slots;
    store(top + slot / COLUMNS * 8u + down + pixel / slots, left + slot % COLUMNS, quad, sum);
  }
}

fn store4(p: Place, down: u32, even: mat4x4f, odd: mat4x4f) {
  let row = p.row + down;
  let quad = p.pair * 2u;
  store(row, p.column, quad, activated(even[0]));
  store(row, p.column, quad + 1u, activated(odd[0]));
  store(row + 1u, p.column, quad, activated(even[1]));
  store(row + 1u, p.column, quad + 1u, activated(odd[1]));
  store(row + 2u, p.column, quad, activated(even[2]));
  store(row + 2u, p.column, quad + 1u, activated(odd[2]));
  store(row + 3u, p.column, quad, activated(even[3]));
  store(row + 3u, p.column, quad + 1u, activated(odd[3]));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let high = 8u * COLUMNS / PAIRS;               // rows of a tile
  let packed = (high + 5u) / 4u;                 // quads of four rows that hold a column with its border
  let area = WIDE * packed;                      // of a channel
  let at_once = select(1u, 3u, PAIRS <= 8u);     // columns of the kernel whose weights find room behind the operand
  let taps = 3u * at_once;
  let top = group / params.across * high;
  let left = (group - group / params.across * params.across) * COLUMNS;
  if (top >= params.height) { return; }
  let slots = LANES / PAIRS;
  let bounded = lane % LANES;
  let slot = bounded % slots;
  let pair = bounded / slots;
  let p = Place(top + slot / COLUMNS * 8u, left + slot % COLUMNS, pair, slot);

  var sums = biased(params.bias, pair * 2u);
  for (var k = 0u; k < QUADS; k += 1u) {
    workgroupBarrier();
    for (var index = lane; index < (high + 2u) * WIDE; index += LANES) {
      let row = index / WIDE;
      let column = index - row * WIDE;
      let quad = operand(i32(top + row) - 1, i32(left + column) - 1, k);
      let at = column * packed + row / 4u;
      stage[at][row % 4u] = quad.x;
      stage[at + area][row % 4u] = quad.y;
      stage[at + 2u * area][row % 4u] = quad.z;
      stage[at + 3u * area][row % 4u] = quad.w;
    }
    for (var part = 0u; part < 3u / at_once; part += 1u) {
      let first = part * at_once;
      if (part > 0u) { workgroupBarrier(); }
      // Eight quads of weights of a pair and tap lie together.
      for (var index = lane; index < PAIRS * taps * 8u; index += LANES) {
        let tap = index / 8u % taps;
        let of_pair = index / (24u * at_once);
        let kernel_tap = tap / at_once * 3u + first + tap % at_once;
        stage[4u * area + index] = weight(((of_pair * 9u + kernel_tap) * QUADS + k) * 8u + index % 8u);
      }
      workgroupBarrier();
      for (var kx = 0u; kx < 3u; kx += 1u) {  // a bound that Tint knows
        if (kx >= at_once) { break; }
        for (var c = 0u; c < 4u; c += 1u) {
          let at = (c * WIDE + slot % COLUMNS + first + kx) * packed + slot / COLUMNS * 2u;
          let a = stage[at];
          let b = stage[at + 1u];
          let d = stage[at + 2u];
          let w = 4u * area + (pair * taps + kx) * 8u + c;
          for (var ky = 0u; ky < 3u; ky += 1u) {
            let left = select(select(vec4f(a.zw, b.xy), vec4f(a.yzw, b.x), ky == 1u), a, ky == 0u);
            let right = select(select(vec4f(b.zw, d.xy), vec4f(b.yzw, d.x), ky == 1u), b, ky == 0u);
            let even = stage[w + 8u * at_once * ky];
            sums.left_even = outer(sums.left_even, even, left);
            let odd = stage[w + 8u * at_once * ky + 4u];
            sums.left_odd = outer(sums.left_odd, odd, left);
            sums.right_odd = outer(sums.right_odd, odd, right);
            sums.right_even = outer(sums.right_even, even, right);
          }
        }
      }
    }
  }
  if (PROJECTED == 0u) {
    store4(p, 0u, sums.left_even, sums.left_odd);
    store4(p, 4u, sums.right_even, sums.right_odd);
    return;
  }
  project(p, lane, top, left, 0u, sums.left_even[0], sums.left_odd[0], sums.left_even[1], sums.left_odd[1]);
  project(p, lane, top, left, 2u, sums.left_even[2], sums.left_odd[2], sums.left_even[3], sums.left_odd[3]);
  project(p, lane, top, left, 4u, sums.right_even[0], sums.right_odd[0], sums.right_even[1], sums.right_odd[1]);
  project(p, lane, top, left, 6u, sums.right_even[2], sums.right_odd[2], sums.right_even[3], sums.right_odd[3]);
}
