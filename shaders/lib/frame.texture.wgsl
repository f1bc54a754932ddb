// A pixel of the frame, normalised as it is read: of a texture.
@group(0) @binding(1) var frame: texture_2d<f32>;

fn normalised(row: u32, column: u32) -> vec4f {
  let colour = textureLoad(frame, vec2u(column, row), 0) * params.scale - params.shift;
  return vec4f(colour.rgb, 0.0);
}
