// The same gate by one workgroup, for GPUs.
// use lib/excite.io.wgsl
// use lib/excite.workgroup.wgsl

fn ended(sum: vec4f) -> vec4f { return 1.0 / (1.0 + exp(-sum)); }
