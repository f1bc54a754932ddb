// The class of a pixel, found quad by quad: the largest score, ties to the lowest index; lanes beyond the last class don't count.
struct Best {
  score: f32,
  class_index: u32,
}
fn better(best: Best, score: f32, class_index: u32) -> Best {
  if (score > best.score && class_index < params.classes) { return Best(score, class_index); }
  return best;
}
fn best_of(best: Best, scores: vec4f, quad: u32) -> Best {
  let even = better(better(best, scores.x, quad * 4u), scores.y, quad * 4u + 1u);
  return better(better(even, scores.z, quad * 4u + 2u), scores.w, quad * 4u + 3u);
}
// What any score beats.
fn no_class() -> Best { return Best(-3.4028234e38, 0u); }
