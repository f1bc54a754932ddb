// Sixteen pixels of one row of `x`, zero outside the map in either direction. Beyond column `last` that one is read again: a tile that overhangs
// the map makes its last pixel several times, and stores it as often.
fn strip_pixels(row: i32, first: i32, step: i32, last: i32) -> Pixels {
  let v = clamp(row, 0, i32(params.x_height) - 1);
  let wanted = min(vec4i(first) + vec4i(0, 1, 2, 3) * step, vec4i(last));
  let column = clamp(wanted, vec4i(0), vec4i(i32(params.x_width) - 1));
  return Pixels((vec4u(u32(v) * params.x_width) + vec4u(column)) * params.x_stride, select(vec4f(), vec4f(wanted == column), v == row));
}
fn load_strip(row: i32, first: i32, step: i32, last: i32, quad: u32) -> Strip {
  return Strip(load_pixels(strip_pixels(row, first, step, last), quad), load_pixels(strip_pixels(row, first + 4 * step, step, last), quad),
               load_pixels(strip_pixels(row, first + 8 * step, step, last), quad), load_pixels(strip_pixels(row, first + 12 * step, step, last), quad));
}
