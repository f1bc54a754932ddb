// Mean of every channel over the whole map, where no convolution could leave the sums in passing. A lane takes one channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/squeeze.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let quad = lane_of(id, groups);
  if (quad >= params.quads) { return; }
  var sum = vec4f();
  for (var pixel = 0u; pixel < params.pixels; pixel += 1u) { sum += decode(x[pixel * params.x_stride + quad]); }
  y[quad] = encode(sum / f32(params.pixels));
}
