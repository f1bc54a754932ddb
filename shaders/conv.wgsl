// Dense convolution: any kernel size, stride, dilation and padding, one group. A lane makes 8 pixels × 8 channels in registers and reads
// zeros outside the map; weights lie in the order in which the loops meet them. The pixels are eight of a row, or with POOL four of
// two rows, of which the epilogue stores two maxima: the map before the pool is never in memory.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/conv.io.wgsl

@group(0) @binding(3) var<storage, read> weights: array<packed>;

// The kernel once more, where it bounds loops.
override QUADS: u32 = 1u;  // input channels / 4
override ROWS: u32 = 3u;   // the kernel
override COLUMNS: u32 = 3u;
override POOL: bool = false;  // 2×2 maximum, stride 2, behind the activation; sizes rounded up

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

// Two windows of two rows. A column beyond the map repeats the one before it: the maximum of those that exist.
fn finish_pooled(row: u32, column: u32, quad: u32, upper: mat4x4f, lower: mat4x4f) {
  let a = max(upper[0], lower[0]);
  let c = max(upper[2], lower[2]);
  finish(row, column / 2u, quad, select(a, max(a, max(upper[1], lower[1])), column + 1u < params.full_width));
  finish(row, column / 2u + 1u, quad, select(c, max(c, max(upper[3], lower[3])), column + 3u < params.full_width));
}

// The pixels of one row of x that tap (row v, column u) needs, or zeros where v is padding.
fn tap_pixels(v: i32, u: i32) -> Pixels {
  let row = clamp(v, 0, i32(params.x_height) - 1);
  let pixels = row_pixels(u32(row), u, i32(params.stride));
  return Pixels(pixels.at, pixels.inside * select(0.0, 1.0, v == row));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let tile = lane / params.pairs;
  let pair = lane - tile * params.pairs;
  let row = tile / params.across;
  let column = (tile - row * params.across) * select(8u, 4u, POOL);
  if (row >= params.height) { return; }
  // The rows of the tile's left and right half, and how far the right half lies to the right.
  var rows = vec2u(row);
  if (POOL) { rows = vec2u(row * 2u, min(row * 2u + 1u, params.full_height - 1u)); }
  let shift = select(4 * i32(params.stride), 0, POOL);

  var sums = biased(params.bias, pair * 2u);
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = vec2i(rows * params.stride + ky * params.dilation) - i32(params.pad);
    let outside = (v < vec2i(0)) | (v >= vec2i(i32(params.x_height)));
    if (all(outside)) { continue; }
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let u = i32(column * params.stride + kx * params.dilation) - i32(params.pad);
      let left = tap_pixels(v.x, u);
      let right = tap_pixels(v.y, u + shift);
      var at = ((pair * ROWS + ky) * COLUMNS + kx) * QUADS * 8u;
      for (var k = 0u; k < QUADS; k += 1u) {
        sums = accumulate(sums, at, load_pixels(left, k), load_pixels(right, k));
        at += 8u;
      }
    }
  }
  if (POOL) {
    finish_pooled(row, column, pair * 2u, sums.left_even, sums.right_even);
    finish_pooled(row, column, pair * 2u + 1u, sums.left_odd, sums.right_odd);
    return;
  }
  finish4(row, column, pair * 2u, sums.left_even);
  finish4(row, column, pair * 2u + 1u, sums.left_odd);
  finish4(row, column + 4u, pair * 2u, sums.right_even);
  finish4(row, column + 4u, pair * 2u + 1u, sums.right_odd);
}
