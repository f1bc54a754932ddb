// The middle of a D block: grouped 3×3 convolution, padding = dilation, one dilation a branch (an equal run of groups), all branches in
// one dispatch; in the epilogue the squeeze's sums. A lane makes 8 pixels of a row × 8 channels of one group, then goes on to the next
// tile of its strip, so that it leaves one sum a channel: no barrier, no atomics, and few rows for `excite` to add up.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/grouped.io.wgsl

// Stores what lies inside the map and returns it, zero where nothing does.
fn finish(row: u32, column: u32, quad: u32, sum: vec4f) -> vec4f {
  if (column >= params.width) { return vec4f(); }
  return store(row, column, quad, sum);
}

fn finish4(row: u32, column: u32, quad: u32, sums: mat4x4f) -> vec4f {
  return finish(row, column, quad, sums[0]) + finish(row, column + 1u, quad, sums[1])
       + finish(row, column + 2u, quad, sums[2]) + finish(row, column + 3u, quad, sums[3]);
}

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
    var sums = biased(params.bias, quad);
    for (var ky = 0u; ky < 3u; ky += 1u) {
      let v = i32(row * STRIDE + ky * dilation) - i32(dilation);
      if (v < 0 || v >= i32(params.x_height)) { continue; }
      for (var kx = 0u; kx < 3u; kx += 1u) {
        let u = i32(column * STRIDE + kx * dilation) - i32(dilation);
        // With a dilation wider than the map a whole tap is padding.
        if (u >= i32(params.x_width) || u + 7 * i32(STRIDE) < 0) { continue; }
        let left = row_pixels(u32(v), u, i32(STRIDE));
        let right = row_pixels(u32(v), u + 4 * i32(STRIDE), i32(STRIDE));
        var at = ((pair * 3u + ky) * 3u + kx) * GROUP * 8u;
        for (var k = 0u; k < GROUP; k += 1u) {
          sums = accumulate(sums, at, load_pixels(left, first + k), load_pixels(right, first + k));
          at += 8u;
        }
      }
    }
    even_sum += finish4(row, column, quad, sums.left_even) + finish4(row, column + 4u, quad, sums.right_even);
    odd_sum += finish4(row, column, quad + 1u, sums.left_odd) + finish4(row, column + 4u, quad + 1u, sums.right_odd);
  }
  if (SQUEEZE) {
    partials[strip * params.pairs * 2u + quad] = even_sum;
    partials[strip * params.pairs * 2u + quad + 1u] = odd_sum;
  }
}
