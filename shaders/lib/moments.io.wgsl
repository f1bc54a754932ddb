// What the forms of `moments` share: parameters, bindings, and what statistics become.
struct Params {
  pixels: u32,
  channels: u32,
  quads: u32,  // of them
  x_stride: u32,
  epsilon: f32,
  scaled: u32,   // there are weights
  given: vec2u,  // channels [x, y), of which the scale is the factor and the shift the offset
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<stored>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // all scales, then all shifts
@group(0) @binding(3) var<storage, read_write> norm: array<vec4f>;  // all factors, then all offsets

// Pixels to take statistics of: none of a quad whose statistics are all given.
fn counted(quad: u32) -> u32 {
  return select(params.pixels, 0u, (quad * 4u >= params.given.x) & (min(quad * 4u + 4u, params.channels) <= params.given.y));
}

fn finish(quad: u32, mean: vec4f, variance: vec4f) {
  var factor = inverseSqrt(variance + params.epsilon);
  var offset = -mean * factor;
  let channel = vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u);
  if (params.scaled == 1u) {
    let scale = weights[quad];
    let shift = weights[params.quads + quad];
    let given = (channel >= vec4u(params.given.x)) & (channel < vec4u(params.given.y));
    offset = select(offset * scale + shift, shift, given);
    factor = select(factor * scale, scale, given);
  }
  // Padded lanes are zero everywhere; what their variance is the root of is not.
  norm[quad] = select(vec4f(), factor, channel < vec4u(params.channels));
  norm[params.quads + quad] = offset;
}
