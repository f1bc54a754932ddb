// The same by one workgroup, with a hard sigmoid.
// use lib/excite.io.wgsl
// use lib/excite.workgroup.wgsl

fn ended(sum: vec4f) -> vec4f { return clamp(sum, vec4f(), vec4f(1.0)); }
