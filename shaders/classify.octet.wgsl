// `classify` for CPU adapters whose subgroups have eight lanes: a lane makes four rows of four pixels. Where these lie between the same pixels of the scores,
// because the map is four times as large, it reads those once.
// use lib/f32.wgsl
// use lib/bilinear.wgsl
// use lib/best.wgsl
// use lib/classify.io.wgsl
// use lib/classify.pixel.wgsl

override FOURFOLD: bool = false;

const LANES = 8u;

struct Four {
  a: Best,
  b: Best,
  c: Best,
  d: Best,
}
// Four pixels of a row of scores between the columns before, at and behind one.
fn across(at: vec3u) -> mat4x4f {
  let left = decode(x[at.x]);
  let here = decode(x[at.y]);
  let right = decode(x[at.z]);
  return mat4x4f(left + (here - left) * 0.625, left + (here - left) * 0.875, here + (right - here) * 0.125, here + (right - here) * 0.375);
}
fn put(row: u32, word: u32, classes: vec4u) {
  if (row < params.height) { y[row * params.row_words + word] = classes.x | (classes.y << 8u) | (classes.z << 16u) | (classes.w << 24u); }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let eights = ((params.width + 3u) / 4u + LANES - 1u) / LANES;  // of words
  let four = group / eights;
  let word = (group - four * eights) * LANES + lane;
  // Two rows above the first of the map are left out, as are those below its last.
  let first = four * 4u - 2u;
  if (word * 4u >= params.width || (first >= params.height && four > 0u)) { return; }
  if (FOURFOLD) {
    let columns = vec3u(max(word, 1u) - 1u, word, min(word + 1u, params.x_width - 1u)) * params.x_stride;
    let upper_at = columns + (max(four, 1u) - 1u) * params.x_width * params.x_stride;
    let lower_at = columns + min(four, params.x_height - 1u) * params.x_width * params.x_stride;
    var best: array<Four, 4>;
    for (var row = 0u; row < 4u; row += 1u) { best[row] = Four(background(), background(), background(), background()); }
    for (var quad = 0u; quad < QUADS; quad += 1u) {
      let upper = across(upper_at + quad);
      let down = across(lower_at + quad) - upper;
      for (var row = 0u; row < 4u; row += 1u) {
        let scores = upper + down * (0.125 + 0.25 * f32(row));
        let before = best[row];
        best[row] = Four(best_of(before.a, scores[0], quad), best_of(before.b, scores[1], quad),
                         best_of(before.c, scores[2], quad), best_of(before.d, scores[3], quad));
      }
    }
    for (var row = 0u; row < 4u; row += 1u) {
      let found = best[row];
      put(first + row, word, vec4u(found.a.class_index, found.b.class_index, found.c.class_index, found.d.class_index));
    }
    return;
  }
  // Pixels beyond the row's end repeat its last one: they lie in the padding.
  let column = min(vec4u(word * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(params.width - 1u));
  for (var row = 0u; row < 4u; row += 1u) {
    let v = tap(min(first + row, params.height - 1u), params.x_height, params.height);
    put(first + row, word, vec4u(class_at(v, column.x), class_at(v, column.y), class_at(v, column.z), class_at(v, column.w)));
  }
}
