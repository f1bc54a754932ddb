// What the plain forms of `stem` share: a lane makes 8 pixels of a row × 8 channels in registers.
override ROWS: u32 = 3u;  // the kernel
override COLUMNS: u32 = 3u;

// Four pixels of a row, zero outside the frame: the padding follows the normalisation. A column is clamped and its pixel multiplied by 0, as
// in lib/row: a branch for each of eight pixels took a CPU adapter's compiler half a minute.
fn pixels_at(row: u32, first: i32, step: i32) -> mat4x4f {
  let wanted = vec4i(first) + vec4i(0, 1, 2, 3) * step;
  let column = clamp(wanted, vec4i(0), vec4i(i32(params.x_width) - 1));
  let inside = vec4f(wanted == column);
  let at = vec4u(column);
  return mat4x4f(normalised(row, at.x) * inside.x, normalised(row, at.y) * inside.y, normalised(row, at.z) * inside.z, normalised(row, at.w) * inside.w);
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

  var sums = biased(params.bias, pair * 2u);
  let stride = i32(params.stride);
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = i32(row * params.stride + ky * params.dilation) - i32(params.pad);
    if (v < 0 || v >= i32(params.x_height)) { continue; }
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let u = i32(column * params.stride + kx * params.dilation) - i32(params.pad);
      let at = ((pair * ROWS + ky) * COLUMNS + kx) * 8u;
      sums = accumulate(sums, at, pixels_at(u32(v), u, stride), pixels_at(u32(v), u + 4 * stride, stride));
    }
  }
  finish4(row, column, pair * 2u, sums.left_even);
  finish4(row, column, pair * 2u + 1u, sums.left_odd);
  finish4(row, column + 4u, pair * 2u, sums.right_even);
  finish4(row, column + 4u, pair * 2u + 1u, sums.right_odd);
}
