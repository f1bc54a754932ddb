// What the forms of `grouped` share that make tiles of 8 pixels of a row × 8 channels.
override STRIDE: u32 = 1u;

// Stores what lies inside the map and returns it, zero where nothing does.
fn finish(row: u32, column: u32, quad: u32, sum: vec4f) -> vec4f {
  if (column >= params.width) { return vec4f(); }
  return store(row, column, quad, sum);
}

fn finish4(row: u32, column: u32, quad: u32, made: mat4x4f) -> vec4f {
  return finish(row, column, quad, made[0]) + finish(row, column + 1u, quad, made[1])
       + finish(row, column + 2u, quad, made[2]) + finish(row, column + 3u, quad, made[3]);
}

// The sums of the tile at (row, column) for a quad and the next, whose group's input begins at quad `first`.
fn tile_sums(row: u32, column: u32, quad: u32, first: u32, dilation: u32) -> Tile {
  var made = biased(params.bias, quad);
  for (var ky = 0u; ky < 3u; ky += 1u) {
    let v = i32(row * STRIDE + ky * dilation) - i32(dilation);
    if (v < 0 || v >= i32(params.x_height)) { continue; }
    for (var kx = 0u; kx < 3u; kx += 1u) {
      let u = i32(column * STRIDE + kx * dilation) - i32(dilation);
      // With a dilation wider than the map a whole tap is padding.
      if (u >= i32(params.x_width) || u + 7 * i32(STRIDE) < 0) { continue; }
      let left = row_pixels(u32(v), u, i32(STRIDE));
      let right = row_pixels(u32(v), u + 4 * i32(STRIDE), i32(STRIDE));
      var at = ((quad / 2u * 3u + ky) * 3u + kx) * GROUP * 8u;
      for (var k = 0u; k < GROUP; k += 1u) {
        made = accumulate(made, at, load_pixels(left, first + k), load_pixels(right, first + k));
        at += 8u;
      }
    }
  }
  return made;
}
