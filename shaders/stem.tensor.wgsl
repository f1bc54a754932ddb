// The same from a caller's own tensor: three float32 planes, already normalised.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/stem.io.wgsl

@group(0) @binding(1) var<storage, read> frame: array<f32>;

fn normalised(row: u32, column: u32) -> vec4f {
  let plane = params.x_height * params.x_width;
  let pixel = row * params.x_width + column;
  return vec4f(frame[pixel], frame[plane + pixel], frame[2u * plane + pixel], 0.0);
}
