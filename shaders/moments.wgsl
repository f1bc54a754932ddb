// Mean and variance of every channel over all pixels, as what a norm of them does to a number: a factor and an offset, float32 in every
// precision. The mean first, then the squared distances from it: squares of the numbers themselves would cancel. A lane takes a channel quad.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/moments.io.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let quad = lane_of(id, groups);
  if (quad >= params.quads) { return; }
  let pixels = counted(quad);
  var sum = vec4f();
  for (var pixel = 0u; pixel < pixels; pixel += 1u) { sum += decode(x[pixel * params.x_stride + quad]); }
  let mean = sum / f32(params.pixels);
  var squares = vec4f();
  for (var pixel = 0u; pixel < pixels; pixel += 1u) {
    let apart = decode(x[pixel * params.x_stride + quad]) - mean;
    squares += apart * apart;
  }
  finish(quad, mean, squares / f32(params.pixels));
}
