// A 4×4 block of weights: columns are input channels, rows output channels, so `block * pixels` adds four channels of four pixels.
fn weight_block(at: u32) -> mat4x4f {
  return mat4x4f(weight(at), weight(at + 1u), weight(at + 2u), weight(at + 3u));
}
// What a lane makes: 8 pixels (left and right four) × 8 channels (even and odd quad), each field four channels of four pixels.
struct Tile {
  left_even: mat4x4f,
  left_odd: mat4x4f,
  right_even: mat4x4f,
  right_odd: mat4x4f,
}
// The biases of a quad and the next, for every pixel.
fn biased(start: u32, quad: u32) -> Tile {
  let even = bias(start, quad);
  let odd = bias(start, quad + 1u);
  let evens = mat4x4f(even, even, even, even);
  let odds = mat4x4f(odd, odd, odd, odd);
  return Tile(evens, odds, evens, odds);
}
// The tile with four more input channels: two blocks of weights by the left and the right four pixels.
fn multiplied(tile: Tile, even: mat4x4f, odd: mat4x4f, left: mat4x4f, right: mat4x4f) -> Tile {
  return Tile(tile.left_even + even * left, tile.left_odd + odd * left, tile.right_even + even * right, tile.right_odd + odd * right);
}
// The same with the blocks that lie at `at`.
fn accumulate(tile: Tile, at: u32, left: mat4x4f, right: mat4x4f) -> Tile {
  return multiplied(tile, weight_block(at), weight_block(at + 4u), left, right);
}
// Four channels of four pixels with one more input channel: its weights by its pixels.
fn outer(sums: mat4x4f, weights: vec4f, pixels: vec4f) -> mat4x4f {
  return mat4x4f(sums[0] + weights * pixels.x, sums[1] + weights * pixels.y, sums[2] + weights * pixels.z, sums[3] + weights * pixels.w);
}
