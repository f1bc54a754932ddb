// Four pixels of one row of `x`, zero outside the map: the operand of a padded convolution.
struct Columns {
  at: vec4u,      // clamped into the row
  inside: vec4f,  // 1 where the column exists, 0 where it is padding
}
fn columns(first: i32, step: i32, width: u32) -> Columns {
  let wanted = vec4i(first) + vec4i(0, 1, 2, 3) * step;
  let at = clamp(wanted, vec4i(0), vec4i(i32(width) - 1));
  return Columns(vec4u(at), vec4f(wanted == at));
}
fn row_pixels(row: u32, c: Columns, quad: u32) -> mat4x4f {
  let at = (vec4u(row * params.x_width) + c.at) * params.x_stride + vec4u(quad);
  return mat4x4f(decode(x[at.x]) * c.inside.x, decode(x[at.y]) * c.inside.y, decode(x[at.z]) * c.inside.z, decode(x[at.w]) * c.inside.w);
}
