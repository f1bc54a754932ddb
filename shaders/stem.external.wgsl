// The same from a video's own frame, which the browser converts to RGB as it is read.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/stem.io.wgsl

@group(0) @binding(1) var frame: texture_external;

fn normalised(row: u32, column: u32) -> vec4f {
  let colour = textureLoad(frame, vec2u(column, row)) * params.scale - params.shift;
  return vec4f(colour.rgb, 0.0);
}
