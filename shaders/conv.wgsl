// Dense convolution: any kernel size, stride, dilation and padding, one group. A lane makes 8 pixels of a row × 8 channels in
// registers and reads zeros outside the map; weights lie in the order in which the loops meet them.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/conv.io.wgsl

// The kernel once more, where it bounds loops.
override QUADS: u32 = 1u;  // input channels / 4
override ROWS: u32 = 3u;   // the kernel
override COLUMNS: u32 = 3u;

fn finish(row: u32, column: u32, quad: u32, sum: vec4f) {
  if (column >= params.width || quad >= params.y_quads) { return; }
  store(row, column, quad, sum);
}

fn finish4(row: u32, column: u32, quad: u32, sums: mat4x4f) {
  finish(row, column, quad, sums[0]);
  finish(row, column + 1u, quad, sums[1]);
  finish(row, column + 2u, quad, sums[2]);
  finish(row, column + 3u, quad, sums[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let tile = lane / params.pairs;
  let pair = lane - tile * params.pairs;
  let row = tile / params.across;
  let column = (tile - row * params.across) * 8u;
  if (row >= params.height) { return; }

  var sums = biased(params.bias + pair * 2u);
  let stride = i32(params.stride);
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = i32(row * params.stride + ky * params.dilation) - i32(params.pad);
    if (v < 0 || v >= i32(params.x_height)) { continue; }
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let u = i32(column * params.stride + kx * params.dilation) - i32(params.pad);
      let left = row_pixels(u32(v), u, stride);
      let right = row_pixels(u32(v), u + 4 * stride, stride);
      var at = ((pair * ROWS + ky) * COLUMNS + kx) * QUADS * 8u;
      for (var k = 0u; k < QUADS; k += 1u) {
        sums = accumulate(sums, at, load_pixels(left, k), load_pixels(right, k));
        at += 8u;
      }
    }
  }
  finish4(row, column, pair * 2u, sums.left_even);
  finish4(row, column, pair * 2u + 1u, sums.left_odd);
  finish4(row, column + 4u, pair * 2u, sums.right_even);
  finish4(row, column + 4u, pair * 2u + 1u, sums.right_odd);
}
