// `grouped` for CPU adapters: a lane makes two rows of 16 pixels × 4 channels, input channels shared by the four lanes of a quad, which lie in
// one group. The rows share the weights. Here a strip is what the tiles t, t + workers, … sum up to; strips beyond the workers are zero.
enable subgroups;
// A quad's lanes make the same pixels: they go round the same loops.
diagnostic(off, subgroup_uniformity);
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/wide.wgsl
// use lib/strip.wgsl
// use lib/grouped.io.wgsl

@group(0) @binding(2) var<storage, read> weights: array<packed>;

// Stores four pixels and returns the sum of those that are there; the last pixel stands for those beyond it, and holds the same.
fn store4(row: u32, column: u32, quad: u32, sums: mat4x4f) -> vec4f {
  let columns = vec4u(column) + vec4u(0u, 1u, 2u, 3u);
  let at = min(columns, vec4u(params.width - 1u));
  let there = vec4f(columns == at);
  return store(row, at.x, quad, sums[0]) * there.x + store(row, at.y, quad, sums[1]) * there.y
       + store(row, at.z, quad, sums[2]) * there.z + store(row, at.w, quad, sums[3]) * there.w;
}
struct Rows {
  upper: Strip,
  lower: Strip,
}
fn rows_step(sums: Rows, at: u32, upper: Strip, lower: Strip) -> Rows {
  let w = weight_block(at);
  return Rows(add16(sums.upper, w, upper), add16(sums.lower, w, lower));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let quads = params.pairs * 2u;
  let worker = lane / quads;
  let quad = lane - worker * quads;
  let tiles = (params.height + 1u) / 2u * params.across;
  let workers = min(tiles, params.strips);
  if (worker >= workers) { return; }
  let own = quad / GROUP * GROUP + (lane & 3u);
  let dilation = params.dilations[quad / params.branch_quads];
  let start_at = bias(params.bias, quad);
  let biases = mat4x4f(start_at, start_at, start_at, start_at);
  let start = Strip(biases, biases, biases, biases);
  let rounds = GROUP / 4u;  // input quads by fours

  var sum = vec4f();
  for (var tile = worker; tile < tiles; tile += workers) {
    let row = tile / params.across * 2u;
    let column = (tile - row / 2u * params.across) * 16u;
    let next = min(row + 1u, params.height - 1u);
    // Taps of which something lies in the map: with a dilation wider than the map whole taps are padding.
    let top = select(0u, 1u, next * params.stride < dilation);
    let bottom = select(2u, 1u, row * params.stride + dilation >= params.x_height);
    let left = select(0u, 1u, (column + 15u) * params.stride < dilation);
    let right = select(2u, 1u, column * params.stride + dilation >= params.x_width);
    let taps_across = right - left + 1u;
    let steps = (bottom - top + 1u) * taps_across * rounds;
    var sums = Rows(start, start);
    for (var step = 0u; step < steps; step += 1u) {
      let tap = step / rounds;
      let ky = top + tap / taps_across;
      let kx = left + tap - (ky - top) * taps_across;
      let down = i32(ky * dilation) - i32(dilation);
      let along = i32(kx * dilation) - i32(dilation);
      let first = i32(column * params.stride) + along;
      let last = i32((params.width - 1u) * params.stride) + along;
      let channels = own + (step - tap * rounds) * 4u;
      let upper = load_strip(i32(row * params.stride) + down, first, i32(params.stride), last, channels);
      let lower = load_strip(i32(next * params.stride) + down, first, i32(params.stride), last, channels);
      let at = (((quad * 3u + ky) * 3u + kx) * rounds + step - tap * rounds) * 16u;
      sums = rows_step(sums, at, upper, lower);
      sums = rows_step(sums, at + 4u, strip_x(upper), strip_x(lower));
      sums = rows_step(sums, at + 8u, strip_y(upper), strip_y(lower));
      sums = rows_step(sums, at + 12u, strip_xy(upper), strip_xy(lower));
    }
    for (var four = 0u; four < 8u; four += 1u) {
      sum += store4(select(row, next, four > 3u), column + (four & 3u) * 4u, quad, sums.upper.a) * f32((four < 4u) | (next > row));
      sums = Rows(Strip(sums.upper.b, sums.upper.c, sums.upper.d, sums.lower.a), Strip(sums.lower.b, sums.lower.c, sums.lower.d, sums.upper.a));
    }
  }
  if (SQUEEZE) {
    partials[worker * quads + quad] = sum;
    for (var strip = worker + workers; strip < params.strips; strip += workers) { partials[strip * quads + quad] = vec4f(); }
  }
}
