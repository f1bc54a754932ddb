// The same by workgroups, for GPUs, where a lane a quad leaves all but a few lanes idle.
// use lib/f32.wgsl
// use lib/added.wgsl
// use lib/moments.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let wanted = (id.y * groups.x + id.x) * QUADS + lane % QUADS;
  // All lanes meet at the barriers: those without a quad of their own repeat the last.
  let quad = min(wanted, params.quads - 1u);
  let pixels = counted(quad);
  var part = vec4f();
  for (var pixel = lane / QUADS; pixel < pixels; pixel += SHARES) { part += decode(x[pixel * params.x_stride + quad]); }
  let mean = added(lane, part) / f32(params.pixels);
  part = vec4f();
  for (var pixel = lane / QUADS; pixel < pixels; pixel += SHARES) {
    let apart = decode(x[pixel * params.x_stride + quad]) - mean;
    part += apart * apart;
  }
  let variance = added(lane, part) / f32(params.pixels);
  if (lane < QUADS && wanted < params.quads) { finish(quad, mean, variance); }
}
