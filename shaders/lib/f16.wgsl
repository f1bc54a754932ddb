// Storage codec: a channel quad as four native half floats, 8 bytes; needs the feature shader-f16. Sums stay float32.
enable f16;
alias stored = vec4h;
const HALF_MAX = 65504.0;
fn decode(v: stored) -> vec4f { return vec4f(v); }
fn encode(v: vec4f) -> stored { return vec4h(clamp(v, vec4f(-HALF_MAX), vec4f(HALF_MAX))); }
