// Four pixels of one row of `x`, zero outside the map: the operand of a padded convolution.
struct Pixels {
  at: vec4u,      // first quad of each pixel, the column clamped into the row
  inside: vec4f,  // 1 where the column exists, 0 where it is padding
}
fn row_pixels(row: u32, first: i32, step: i32) -> Pixels {
  let wanted = vec4i(first) + vec4i(0, 1, 2, 3) * step;
  let column = clamp(wanted, vec4i(0), vec4i(i32(params.x_width) - 1));
  return Pixels((vec4u(row * params.x_width) + vec4u(column)) * params.x_stride, vec4f(wanted == column));
}
fn load_pixels(p: Pixels, quad: u32) -> mat4x4f {
  return mat4x4f(decode(x[p.at.x + quad]) * p.inside.x, decode(x[p.at.y + quad]) * p.inside.y,
                 decode(x[p.at.z + quad]) * p.inside.z, decode(x[p.at.w + quad]) * p.inside.w);
}
