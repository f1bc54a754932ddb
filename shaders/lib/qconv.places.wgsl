// What the forms of `qconv` by subgroup matrices share: where a pixel's operand lies, and its codes. A step of the product is a pair of words of one tap: an
// odd last word of a tap has a neighbour whose weights are zero, and so have steps beyond the last.
fn pairs_of_tap() -> u32 { return (QUADS + 1u) / 2u; }

// Where the kernel of a pixel begins in x.
struct Place {
  row: i32,
  column: i32,
  down: u32,  // from a tap to the next
  across: u32,
  quad: u32,  // the group's first
}
// Of a pixel's group and branch. A tile that overhangs repeats the last pixel.
fn place_at(pixel: u32, quad: u32, branch: vec4u) -> Place {
  let bounded = min(pixel, params.height * params.width - 1u);
  let row = bounded / params.width;
  return Place(i32(row * params.stride_down) - i32(branch.z), i32((bounded - row * params.width) * params.stride_across) - i32(branch.w),
               branch.x, branch.y, quad);
}

fn quad_at(place: Place, step: u32, _part: u32) -> Part {
  let pairs = pairs_of_tap();
  let tap = step / pairs;
  let ky = tap / COLUMNS;
  let row = place.row + i32(ky * place.down);
  let column = place.column + i32((tap - ky * COLUMNS) * place.across);
  // What is negative is too large.
  let inside = (u32(row) < params.x_height) & (u32(column) < params.x_width);
  let at = (u32(row) * params.x_width + u32(column)) * params.x_stride + place.quad + (step - tap * pairs) * 2u;
  let safe = select(0u, at, inside);
  return select(vec2u(params.zero_word), vec2u(x[safe], x[safe + 1u]), inside);
}
fn scaled(pair: Part, _step: u32, _part: u32) -> Part { return pair; }
