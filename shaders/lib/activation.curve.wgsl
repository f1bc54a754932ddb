// What ends a sum before it is stored, in its other form: a curve by its number in src/graph/numbered.ts.
override CURVE: u32 = 0u;
override REST: u32 = 4u;  // channels of the last quad
const PRELU = 26u;

// Abramowitz and Stegun 7.1.26: within 1.5e-7.
fn erf4(x: vec4f) -> vec4f {
  let t = 1.0 / (1.0 + 0.3275911 * abs(x));
  let p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return sign(x) * (1.0 - p * exp(-x * x));
}
fn expm1(x: vec4f) -> vec4f {
  // Near zero the difference cancels: there the series is right to its third term.
  return select(exp(x) - 1.0, x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0)))), abs(x) < vec4f(0.05));
}
fn softplus4(x: vec4f) -> vec4f { return max(x, vec4f()) + log(1.0 + exp(-abs(x))); }
// tanh overflows in some drivers beyond 88.
fn tanh4(x: vec4f) -> vec4f { return tanh(clamp(x, vec4f(-20.0), vec4f(20.0))); }

fn curve(x: vec4f, a: vec4f, b: f32) -> vec4f {
  let zero = vec4f();
  switch (CURVE) {
    case 0u: { return min(max(x, a), vec4f(b)); }
    case 1u, PRELU: { return select(a * x, x, x >= zero); }
    case 2u: { return select(a * expm1(min(x, zero)), x, x >= zero); }
    case 3u: { return b * select(a * expm1(min(x, zero)), x, x > zero); }
    case 4u: { return select(a * expm1(min(x, zero) / a), x, x >= zero); }
    case 5u: { return saturate(a * x + b); }
    case 6u: { return x * saturate(x / 6.0 + 0.5); }
    case 7u: { return softplus4(x); }
    case 8u: { return x / (1.0 + abs(x)); }
    case 9u: { return x * tanh4(softplus4(x)); }
    case 10u: { return 0.5 * x * (1.0 + erf4(x * 0.70710678)); }
    case 11u: { return 0.5 * x * (1.0 + tanh4(0.79788456 * (x + 0.044715 * x * x * x))); }
    case 12u: { return tanh4(x); }
    case 13u: { return erf4(x); }
    case 14u: { return exp(x); }
    case 15u: { return log(x); }
    case 16u: { return sqrt(x); }
    case 17u: { return -x; }
    case 18u: { return abs(x); }
    case 19u: { return floor(x); }
    case 20u: { return ceil(x); }
    case 21u: { return round(x); }
    case 22u: { return sign(x); }
    case 23u: { return 1.0 / x; }
    // pow of a negative base is not defined: even and odd powers of its amount are.
    case 24u: { return select(pow(abs(x), a), -pow(abs(x), a), (x < zero) & (abs(a % 2.0) == vec4f(1.0))); }
    case 25u: { return select(zero, x, x > a); }
    case 29u: { return round(x / a) * a; }
    case 30u: { return a * x + b; }
    case 27u: { return 1.0 / (1.0 + exp(-x)); }
    case 31u: { return x / (1.0 + exp(-x)); }
    default: { return max(x, zero); }
  }
}

// The last quad of the weights holds a and b: bounds, slopes or exponents; of prelu the last quads are its slopes. `quads` are those of the result.
fn activated(sum: vec4f, quad: u32, quads: u32) -> vec4f {
  let numbers = from_end(select(1u, quads - quad, CURVE == PRELU));
  let value = curve(sum, select(vec4f(numbers.x), numbers, CURVE == PRELU), numbers.y);
  // Padded lanes are zero everywhere; what a curve makes of zero may not be.
  return select(vec4f(), value, (vec4u(0u, 1u, 2u, 3u) < vec4u(REST)) | vec4<bool>(quad + 1u < quads));
}
