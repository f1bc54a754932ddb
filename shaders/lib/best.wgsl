// The class of a pixel, found quad by quad: the largest score, ties to the lowest index; lanes beyond the last channel don't count. A class 0
// that has no channel has the score `params.background`.
struct Best {
  score: f32,
  class_index: u32,
}
fn better(best: Best, score: f32, channel: u32) -> Best {
  if (score > best.score && channel < params.classes) { return Best(score, params.first_class + channel); }
  return best;
}
fn best_of(best: Best, scores: vec4f, quad: u32) -> Best {
  let even = better(better(best, scores.x, quad * 4u), scores.y, quad * 4u + 1u);
  return better(better(even, scores.z, quad * 4u + 2u), scores.w, quad * 4u + 3u);
}
// What the scores of channels have to beat.
fn background() -> Best { return Best(params.background, 0u); }
