// DilatedNet's end in one step: logits → softmax of every cell (of a single channel: sigmoid) → zoom → the class of every pixel, without probabilities in memory. A lane
// makes four pixels of a row, stored as one word; rows are padded to 256 bytes for copies.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/zoom.wgsl
// use lib/softmax.wgsl
// use lib/best.wgsl
// use lib/classify.io.wgsl

// The four cells about a pixel: upper left, upper right, lower left, lower right.
struct Cells {
  first: vec4u,
  peak: vec4f,
  share: vec4f,
}
fn cells_of(v: Tap, u: Tap) -> Cells {
  let first = (vec4u(v.low, v.low, v.high, v.high) * params.x_width + vec4u(u.low, u.high, u.low, u.high)) * params.x_stride;
  let a = norm_at(first.x, params.first_class == 1u);
  let b = norm_at(first.y, params.first_class == 1u);
  let c = norm_at(first.z, params.first_class == 1u);
  let d = norm_at(first.w, params.first_class == 1u);
  return Cells(first, vec4f(a.peak, b.peak, c.peak, d.peak), vec4f(a.share, b.share, c.share, d.share));
}

fn class_at(cells: Cells, t: f32, s: f32) -> u32 {
  let factors = cells.share * vec4f((1.0 - t) * (1.0 - s), (1.0 - t) * s, t * (1.0 - s), t * s);
  var best = background();
  for (var quad = 0u; quad < QUADS; quad += 1u) {
    let a = exponentials(cells.first.x, quad, cells.peak.x) * factors.x;
    let b = exponentials(cells.first.y, quad, cells.peak.y) * factors.y;
    let c = exponentials(cells.first.z, quad, cells.peak.z) * factors.z;
    let d = exponentials(cells.first.w, quad, cells.peak.w) * factors.w;
    best = best_of(best, a + b + (c + d), quad);
  }
  return best.class_index;
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let words = (params.width + 3u) / 4u;
  let row = lane / words;
  let word = lane - row * words;
  if (row >= params.height) { return; }
  let v = zoomed(row, params.x_height);
  var left = params.x_width;  // no cell's column
  var cells: Cells;
  var classes = 0u;
  for (var n = 0u; n < 4u; n += 1u) {
    // Pixels beyond the row's end repeat its last one: they lie in the padding.
    let u = zoomed(min(word * 4u + n, params.width - 1u), params.x_width);
    if (u.low != left) { cells = cells_of(v, u); }
    left = u.low;
    classes |= class_at(cells, v.t, u.t) << (8u * n);
  }
  y[row * params.row_words + word] = classes;
}
