// What the forms of `pointwise` with workgroup memory share: a quad of the operand, of the map or of the shortcut, and what is done with it behind the products.
override SHORTCUT: bool = false;

fn quad_at(place: Place, k: u32, part: u32) -> vec4f {
  if (part == 1u) { return shortcut_quad(place.window, k - params.quads); }
  return decode(x[place.x + k]);
}
fn scaled(quad: vec4f, k: u32, part: u32) -> vec4f {
  if (!GATE || part == 1u) { return quad; }
  return quad * gate[k];
}
