// The middle of a D block: grouped 3×3 convolution, padding = dilation, one dilation a branch (an equal run of groups), all branches in
// one dispatch; in the epilogue the squeeze's sums. A lane makes 8 pixels of a row × 8 channels of one group, then goes on to the next
// tile of its strip, so that it leaves one sum a channel: no barrier, no atomics, and few rows for `excite` to add up.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/grouped.io.wgsl
// use lib/grouped.tile.wgsl

@group(0) @binding(2) var<storage, read> weights: array<packed>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let strip = lane / params.pairs;
  let pair = lane - strip * params.pairs;
  if (strip >= params.strips) { return; }
  let quad = pair * 2u;
  let first = quad / GROUP * GROUP;
  let dilation = params.dilations[quad / params.branch_quads];

  var even_sum = vec4f();
  var odd_sum = vec4f();
  let tiles = params.height * params.across;
  for (var tile = strip; tile < tiles; tile += params.strips) {
    let row = tile / params.across;
    let column = (tile - row * params.across) * 8u;
    let sums = tile_sums(row, column, quad, first, dilation);
    even_sum += finish4(row, column, quad, sums.left_even) + finish4(row, column + 4u, quad, sums.right_even);
    odd_sum += finish4(row, column, quad + 1u, sums.left_odd) + finish4(row, column + 4u, quad + 1u, sums.right_odd);
  }
  if (SQUEEZE) {
    partials[strip * params.pairs * 2u + quad] = even_sum;
    partials[strip * params.pairs * 2u + quad + 1u] = odd_sum;
  }
}
