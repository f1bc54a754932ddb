// Four pixels at a time of a 1×1 convolution's tile. A shader says how one is stored.
// Beyond the end the last pixel is made again, and stored by those that began before it.
fn pixels_at(first: u32) -> vec4u { return min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), vec4u(params.height * params.width - 1u)); }
fn store4(pixels: vec4u, quad: u32, sums: mat4x4f) {
  if (quad >= params.y_quads) { return; }
  store(pixels.x, quad, sums[0]);
  store(pixels.y, quad, sums[1]);
  store(pixels.z, quad, sums[2]);
  store(pixels.w, quad, sums[3]);
}
