// The network's end: small logits → the class of every pixel, without logits at picture size. A lane interpolates four pixels of a row,
// keeps the best class of each (ties: the lowest index), and stores them as one word; rows are padded to 256 bytes for copies.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/bilinear.wgsl
// use lib/best.wgsl
// use lib/classify.io.wgsl
// use lib/classify.pixel.wgsl

override FOURFOLD: bool = false;  // four times as large: a lane's pixels lie between three columns

// The classes of the four pixels between the columns before, at and behind `word`.
fn fourfold(row: Tap, word: u32) -> vec4u {
  let columns = vec3u(max(word, 1u) - 1u, word, min(word + 1u, params.x_width - 1u)) * params.x_stride;
  let upper = vec3u(row.low * params.x_width * params.x_stride) + columns;
  let lower = vec3u(row.high * params.x_width * params.x_stride) + columns;
  var a = background();
  var b = background();
  var c = background();
  var d = background();
  for (var quad = 0u; quad < QUADS; quad += 1u) {
    let left = mix(decode(x[upper.x + quad]), decode(x[lower.x + quad]), row.t);
    let here = mix(decode(x[upper.y + quad]), decode(x[lower.y + quad]), row.t);
    let right = mix(decode(x[upper.z + quad]), decode(x[lower.z + quad]), row.t);
    a = best_of(a, mix(left, here, 0.625), quad);
    b = best_of(b, mix(left, here, 0.875), quad);
    c = best_of(c, mix(here, right, 0.125), quad);
    d = best_of(d, mix(here, right, 0.375), quad);
  }
  return vec4u(a.class_index, b.class_index, c.class_index, d.class_index);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let words = (params.width + 3u) / 4u;
  let row = lane / words;
  let word = lane - row * words;
  if (row >= params.height) { return; }
  let v = tap(row, params.x_height, params.height);
  if (FOURFOLD) {
    let four = fourfold(v, word);
    y[row * params.row_words + word] = four.x | (four.y << 8u) | (four.z << 16u) | (four.w << 24u);
    return;
  }
  // Pixels beyond the row's end repeat its last one: they lie in the padding.
  let column = min(vec4u(word * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(params.width - 1u));
  let classes = vec4u(class_at(v, column.x), class_at(v, column.y), class_at(v, column.z), class_at(v, column.w));
  y[row * params.row_words + word] = classes.x | (classes.y << 8u) | (classes.z << 16u) | (classes.w << 24u);
}
