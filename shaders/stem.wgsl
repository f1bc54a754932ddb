// The network's first convolution straight from the frame texture, normalised as it is read: the normalised picture is never stored.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/stem.io.wgsl

@group(0) @binding(1) var frame: texture_2d<f32>;

fn normalised(row: u32, column: u32) -> vec4f {
  let colour = textureLoad(frame, vec2u(column, row), 0) * params.scale - params.shift;
  return vec4f(colour.rgb, 0.0);
}
