// Storage codec: a channel quad as four native half floats, 8 bytes; needs the feature shader-f16. Sums stay float32. Loaded and stored as two
// words: where a compiler checks the bounds of each element (Mesa's for NVIDIA and Apple), four halves cost four checks.
enable f16;
alias stored = vec2u;
const HALF_MAX = 65504.0;
fn decode(v: stored) -> vec4f { return vec4f(bitcast<vec4h>(v)); }
fn encode(v: vec4f) -> stored { return bitcast<vec2u>(vec4h(clamp(v, vec4f(-HALF_MAX), vec4f(HALF_MAX)))); }
