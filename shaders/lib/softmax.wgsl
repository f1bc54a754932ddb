// Softmax along the channels of a pixel whose quads begin at `first` in x. The largest logit is subtracted, so no exponential overflows;
// lanes beyond the last class are zero in x, which is a logit like any other, and are masked. With `beside_zero` one more logit, 0, counts: so a
// single channel's softmax is its sigmoid.
override QUADS: u32 = 1u;  // classes / 4, rounded up

fn counts(quad: u32) -> vec4<bool> { return vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.classes); }
fn exponentials(first: u32, quad: u32, peak: f32) -> vec4f {
  return select(vec4f(), exp(decode(x[first + quad]) - peak), counts(quad));
}

struct Norm {
  peak: f32,   // the largest logit
  share: f32,  // 1 / Σ exp(x − peak)
}
fn norm_at(first: u32, beside_zero: bool) -> Norm {
  var peaks = vec4f(-3.4028234e38);
  for (var quad = 0u; quad < QUADS; quad += 1u) { peaks = select(peaks, max(peaks, decode(x[first + quad])), counts(quad)); }
  let largest = max(max(peaks.x, peaks.y), max(peaks.z, peaks.w));
  let peak = select(largest, max(largest, 0.0), beside_zero);
  var sums = vec4f(select(0.0, exp(-peak), beside_zero), 0.0, 0.0, 0.0);
  for (var quad = 0u; quad < QUADS; quad += 1u) { sums += exponentials(first, quad, peak); }
  return Norm(peak, 1.0 / (sums.x + sums.y + sums.z + sums.w));
}
