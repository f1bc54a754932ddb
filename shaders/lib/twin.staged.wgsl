// What the forms of `twin` with workgroup memory share: where a pixel's operand lies, and its quads.
struct Place {
  x: u32,
}
fn place_of(tile: u32, index: u32) -> Place { return Place(min(tile * PIXELS + index, params.pixels - 1u) * params.x_stride); }

fn quad_at(place: Place, k: u32, _part: u32) -> vec4f { return decode(x[place.x + k]); }
fn scaled(quad: vec4f, _step: u32, _part: u32) -> vec4f { return quad; }
