// The same by workgroups, for GPUs, where a lane a quad leaves all but a few lanes idle.
// use lib/f32.wgsl
// use lib/added.wgsl
// use lib/squeeze.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let wanted = (id.y * groups.x + id.x) * QUADS + lane % QUADS;
  // All lanes meet at the barriers: those without a quad of their own repeat the last.
  let quad = min(wanted, params.quads - 1u);
  var part = vec4f();
  for (var pixel = lane / QUADS; pixel < params.pixels; pixel += SHARES) { part += decode(x[pixel * params.x_stride + quad]); }
  let sum = added(lane, part);
  if (lane < QUADS && wanted < params.quads) { y[quad] = encode(sum / f32(params.pixels)); }
}
