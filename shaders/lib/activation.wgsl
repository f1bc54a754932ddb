// What ends a sum before it is stored: a ReLU, or nothing. Where a node ends in any other curve `lib/activation.curve` takes its place.
override RELU: bool = false;
fn activated(sum: vec4f, _quad: u32, _quads: u32) -> vec4f { return select(sum, max(sum, vec4f()), RELU); }
