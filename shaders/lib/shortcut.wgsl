// The shortcut of a D block as further input channels: as it is, or read through a 2×2 average.
override POOLED: bool = false;  // the average, stride 2

// Of one as large as the output each window is a pixel: so a form that pools can do with those that don't.
fn shortcut_side() -> u32 { return select(1u, 2u, (params.shortcut_height > params.height) | (params.shortcut_width > params.width)); }
// Where the 2×2 window of an output pixel lies in the shortcut; without POOLED it is one pixel four times. A clamped index repeats the border
// pixel of an odd map, so the mean of four is the mean of those that exist.
fn window(pixel: u32) -> vec4u {
  if (!POOLED) { return vec4u(pixel * params.shortcut_stride); }
  let side = shortcut_side();
  let row = pixel / params.width * side;
  let column = (pixel - pixel / params.width * params.width) * side;
  let rows = vec2u(row, min(row + side - 1u, params.shortcut_height - 1u)) * params.shortcut_width;
  let columns = vec2u(column, min(column + side - 1u, params.shortcut_width - 1u));
  return (rows.xxyy + columns.xyxy) * params.shortcut_stride;
}
fn shortcut_quad(at: vec4u, k: u32) -> vec4f {
  if (!POOLED) { return decode(shortcut[at.x + k]); }
  return (decode(shortcut[at.x + k]) + decode(shortcut[at.y + k]) + decode(shortcut[at.z + k]) + decode(shortcut[at.w + k])) * 0.25;
}
