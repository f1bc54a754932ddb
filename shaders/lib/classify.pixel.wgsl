// The class of a pixel that lies anywhere between those of the scores.
override QUADS: u32 = 1u;  // classes / 4, rounded up

fn class_at(row: Tap, column: u32) -> u32 {
  let u = tap(column, params.x_width, params.width);
  let upper_left = (row.low * params.x_width + u.low) * params.x_stride;
  let upper_right = (row.low * params.x_width + u.high) * params.x_stride;
  let lower_left = (row.high * params.x_width + u.low) * params.x_stride;
  let lower_right = (row.high * params.x_width + u.high) * params.x_stride;
  var best = background();
  for (var quad = 0u; quad < QUADS; quad += 1u) {
    let upper = mix(decode(x[upper_left + quad]), decode(x[upper_right + quad]), u.t);
    let lower = mix(decode(x[lower_left + quad]), decode(x[lower_right + quad]), u.t);
    best = best_of(best, mix(upper, lower, row.t), quad);
  }
  return best.class_index;
}
