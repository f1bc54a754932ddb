// Squeeze-and-excitation's gate from partial sums: means, 1×1, ReLU, 1×1, sigmoid.
// use lib/excite.io.wgsl
// use lib/excite.lanes.wgsl

fn ended(sum: vec4f) -> vec4f { return 1.0 / (1.0 + exp(-sum)); }
