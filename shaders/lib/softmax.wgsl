// Softmax along the channels of a pixel whose quads begin at `first` in x. The largest logit is subtracted, so no exponential overflows;
// lanes beyond the last class are zero in x, which is a logit like any other, and are masked.
override QUADS: u32 = 1u;  // classes / 4, rounded up

fn counts(quad: u32) -> vec4<bool> { return vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.classes); }
fn exponentials(first: u32, quad: u32, peak: f32) -> vec4f {
  return select(vec4f(), exp(decode(x[first + quad]) - peak), counts(quad));
}

struct Norm {
  peak: f32,   // the largest logit
  share: f32,  // 1 / Σ exp(x − peak)
}
fn norm_at(first: u32) -> Norm {
  var peaks = vec4f(-3.4028234e38);
  for (var quad = 0u; quad < QUADS; quad += 1u) { peaks = select(peaks, max(peaks, decode(x[first + quad])), counts(quad)); }
  let peak = max(max(peaks.x, peaks.y), max(peaks.z, peaks.w));
  var sums = vec4f();
  for (var quad = 0u; quad < QUADS; quad += 1u) { sums += exponentials(first, quad, peak); }
  return Norm(peak, 1.0 / (sums.x + sums.y + sums.z + sums.w));
}
