// The rows of `qconv` that every adapter can run: any kernel size, stride and padding, groups of whole quads, a dilation a branch. A lane makes 4 pixels of a
// row × 8 channels.
// Of a quad the four products with each of four pixels.
struct Tile { a: vec4i, b: vec4i, c: vec4i, d: vec4i }

fn products(word: vec4u, a: factors, b: factors, c: factors, d: factors, sums: Tile) -> Tile {
  let x = factors_of(word.x);
  let y = factors_of(word.y);
  let z = factors_of(word.z);
  let w = factors_of(word.w);
  return Tile(
    sums.a + vec4i(dot4(x, a), dot4(y, a), dot4(z, a), dot4(w, a)),
    sums.b + vec4i(dot4(x, b), dot4(y, b), dot4(z, b), dot4(w, b)),
    sums.c + vec4i(dot4(x, c), dot4(y, c), dot4(z, c), dot4(w, c)),
    sums.d + vec4i(dot4(x, d), dot4(y, d), dot4(z, d), dot4(w, d)),
  );
}

fn finish4(row: u32, column: u32, quad: u32, sums: Tile) {
  let pixel = row * params.width + column;
  finish(pixel, quad, sums.a);
  if (column + 1u < params.width) { finish(pixel + 1u, quad, sums.b); }
  if (column + 2u < params.width) { finish(pixel + 2u, quad, sums.c); }
  if (column + 3u < params.width) { finish(pixel + 3u, quad, sums.d); }
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let tile = lane / params.pairs;
  let pair = lane - tile * params.pairs;
  let row = tile / params.across;
  let column = (tile - row * params.across) * 4u;
  if (row >= params.height) { return; }
  let branch = branch_of(pair / params.branch_pairs);
  let first = pair / params.group_pairs * QUADS;
  let columns = (vec4u(column) + vec4u(0u, 1u, 2u, 3u)) * params.stride_across;
  var even = Tile();
  var odd = Tile();
  var at = pair * ROWS * COLUMNS * QUADS * 2u;
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = i32(row * params.stride_down + ky * branch.x) - i32(branch.z);
    let in_row = v >= 0 && v < i32(params.x_height);
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      let u = vec4i(columns + kx * branch.y) - i32(branch.w);
      let inside = (u >= vec4i(0)) & (u < vec4i(i32(params.x_width))) & vec4<bool>(in_row);
      let source = select(vec4u(0u), (vec4u(u) + u32(v) * params.x_width) * params.x_stride, inside) + first;
      for (var k = 0u; k < QUADS; k += 1u) {
        let a = factors_of(select(params.zero_word, x[source.x + k], inside.x));
        let b = factors_of(select(params.zero_word, x[source.y + k], inside.y));
        let c = factors_of(select(params.zero_word, x[source.z + k], inside.z));
        let d = factors_of(select(params.zero_word, x[source.w + k], inside.w));
        even = products(weights[at], a, b, c, d, even);
        odd = products(weights[at + 1u], a, b, c, d, odd);
        at += 2u;
      }
    }
  }
  finish4(row, column, pair * 2u, even);
  finish4(row, column, pair * 2u + 1u, odd);
}
