// What the forms of `conv` with workgroup memory share: where a pixel's operand lies, its quads, and what becomes of a sum.
// What a step's number is divided by: constants, because that makes each division a multiplication.
override QUADS: u32 = 1u;    // input channels / 4
override COLUMNS: u32 = 3u;  // of the kernel
override VALID: bool = false;  // no padding: every tap of every pixel lies inside
override POOL: bool = false;  // 2×2 maximum, stride 2, behind the activation; sizes rounded up

// Where the kernel of a pixel begins in x.
struct Place {
  row: i32,
  column: i32,
  // Where there is no padding: its first quad, quads from a tap to the next, and pixels (of that distance) that the next row of taps skips.
  at: u32,
  tap: u32,
  skip: u32,
}
fn place_at(row: u32, column: u32) -> Place {
  let at = (row * params.x_width + column) * params.stride * params.x_stride;
  return Place(i32(row * params.stride) - i32(params.pad), i32(column * params.stride) - i32(params.pad), at,
               params.dilation * params.x_stride, params.x_width - COLUMNS);
}

// Four pixels that a lane makes side by side are the corners of a window. A corner beyond the map repeats the one before it: the maximum of those
// that exist.
fn place_of(tile: u32, index: u32) -> Place {
  let last = params.height * params.width - 1u;
  if (!POOL) {
    let pixel = min(tile * PIXELS + index, last);
    let row = pixel / params.width;
    return place_at(row, pixel - row * params.width);
  }
  let window = min((tile * PIXELS + index) / 4u, last);
  let corner = index % 4u;
  let row = window / params.width;
  return place_at(min(row * 2u + corner / 2u, params.full_height - 1u),
                  min((window - row * params.width) * 2u + corner % 2u, params.full_width - 1u));
}

fn quad_at(place: Place, step: u32, _part: u32) -> vec4f {
  let tap = step / QUADS;
  let ky = tap / COLUMNS;
  let k = step - tap * QUADS;
  if (VALID) { return decode(x[place.at + (ky * place.skip + tap) * place.tap + k]); }
  let row = place.row + i32(ky * params.dilation);
  let column = place.column + i32((tap - ky * COLUMNS) * params.dilation);
  let at = (u32(row) * params.x_width + u32(column)) * params.x_stride + k;
  let inside = (row >= 0) & (column >= 0) & (row < i32(params.x_height)) & (column < i32(params.x_width));
  return select(vec4f(), decode(x[select(0u, at, inside)]), inside);
}
fn scaled(quad: vec4f, _step: u32, _part: u32) -> vec4f { return quad; }

fn finish(pixel: u32, quad: u32, sum: vec4f) {
  if (pixel < params.height * params.width && quad < params.y_quads) { store_pixel(pixel, quad, sum); }
}
