// `grouped.workgroup` of groups that are no whole sixteens of channels, in which two pairs may lie in different branches: 4 pairs of quads × 64 tiles each, so that a map leaves a few dozen rows
// of partial sums instead of hundreds, few enough for every workgroup of the next convolution to read them all. For GPUs.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/grouped.io.wgsl
// use lib/grouped.tile.wgsl

@group(0) @binding(2) var<storage, read> weights: array<packed>;

const LANES = 256u;
const PAIRS = 4u;   // of a workgroup; neighbouring lanes read neighbouring channels
const TILES = 64u;  // LANES / PAIRS

var<workgroup> sums: array<vec4f, 2u * LANES>;  // tiles × quads of the workgroup

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let side = (params.pairs + PAIRS - 1u) / PAIRS;
  let strip = group / side;
  if (strip >= params.strips) { return; }
  let first_quad = (group - strip * side) * PAIRS * 2u;
  let pair = (first_quad / 2u) + lane % PAIRS;
  let quad = pair * 2u;
  let first = quad / GROUP * GROUP;
  let dilation = params.dilations[min(quad / params.branch_quads, 3u)];

  var even_sum = vec4f();
  var odd_sum = vec4f();
  // A lane beyond the last pair has no tile, but it takes part in the barriers.
  let tiles = select(0u, params.height * params.across, pair < params.pairs);
  for (var tile = strip + lane / PAIRS * params.strips; tile < tiles; tile += params.strips * TILES) {
    let row = tile / params.across;
    let column = (tile - row * params.across) * 8u;
    let made = tile_sums(row, column, quad, first, dilation);
    even_sum += finish4(row, column, quad, made.left_even) + finish4(row, column + 4u, quad, made.right_even);
    odd_sum += finish4(row, column, quad + 1u, made.left_odd) + finish4(row, column + 4u, quad + 1u, made.right_odd);
  }
  if (!SQUEEZE) { return; }
  // 64 sums of 8 quads: eight lanes a quad add up eight each, then one adds up theirs.
  const QUADS = 2u * PAIRS;
  sums[lane * 2u] = even_sum;
  sums[lane * 2u + 1u] = odd_sum;
  workgroupBarrier();
  var sum = vec4f();
  if (lane < TILES) {
    for (var i = 0u; i < 8u; i += 1u) { sum += sums[lane + i * TILES]; }
  }
  workgroupBarrier();
  if (lane < TILES) { sums[lane] = sum; }
  workgroupBarrier();
  if (lane < QUADS && first_quad + lane < params.pairs * 2u) {
    var total = vec4f();
    for (var i = 0u; i < 8u; i += 1u) { total += sums[lane + i * QUADS]; }
    partials[strip * params.pairs * 2u + first_quad + lane] = total;
  }
}
