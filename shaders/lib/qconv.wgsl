// The convolution of codes but for its products: any kernel size, stride and padding, groups of whole quads, a dilation a branch. A lane makes 4 pixels of a
// row × 8 channels in int32, exactly, and a code of each sum by one float32 product. Beyond the map is the code of zero. What that code adds to every
// sum is taken off with the bias.
override QUADS: u32 = 1u;  // input channels of a group / 4
override ROWS: u32 = 3u;
override COLUMNS: u32 = 3u;
override RESIDUAL: bool = false;
override NUMBERS: bool = false;  // the result are numbers

struct Params {
  height: u32,  // of the output, in pixels; strides and offsets are in channel quads, codes as two's complement
  width: u32,
  x_height: u32,
  x_width: u32,
  x_stride: u32,
  y_stride: u32,
  y_offset: u32,
  residual_stride: u32,
  y_quads: u32,
  pairs: u32,         // output channels / 8, rounded up
  across: u32,        // tiles of a row
  group_pairs: u32,   // of a group; all without groups
  branch_pairs: u32,  // of a branch
  ends: u32,          // where what follows the sums begins in weights
  stride_down: u32,
  stride_across: u32,
  zero_word: u32,     // four codes of zero
  zero: u32,          // of the result
  low: u32,
  high: u32,
  residual_zero: u32,
  // Down, across, and what lies above and to the left, of each branch.
  branch_0: vec4u,
  branch_1: vec4u,
  branch_2: vec4u,
  branch_3: vec4u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> residual: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;
@group(0) @binding(5) var<storage, read_write> numbers: array<stored>;

fn branch_of(index: u32) -> vec4u {
  if (index == 0u) { return params.branch_0; }
  if (index == 1u) { return params.branch_1; }
  if (index == 2u) { return params.branch_2; }
  return params.branch_3;
}

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

fn finish(row: u32, column: u32, quad: u32, products: vec4i) {
  if (column >= params.width || quad >= params.y_quads) { return; }
  let pixel = row * params.width + column;
  // Of each quad: bias, factor, and the residual's.
  let ends = params.ends + quad * 3u;
  var sums = products + bitcast<vec4i>(weights[ends]);
  if (RESIDUAL) {
    let beside = codes_of(residual[pixel * params.residual_stride + quad]) - i32(params.residual_zero);
    sums += whole(vec4f(beside) * bitcast<vec4f>(weights[ends + 2u]));
  }
  let result = held(sums) * bitcast<vec4f>(weights[ends + 1u]);
  let at = pixel * params.y_stride + params.y_offset + quad;
  if (NUMBERS) {
    numbers[at] = encode(result);
    return;
  }
  y[at] = word_of(clamp(whole(result) + i32(params.zero), vec4i(i32(params.low)), vec4i(i32(params.high))));
}

fn finish4(row: u32, column: u32, quad: u32, sums: Tile) {
  finish(row, column, quad, sums.a);
  finish(row, column + 1u, quad, sums.b);
  finish(row, column + 2u, quad, sums.c);
  finish(row, column + 3u, quad, sums.d);
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
