// A pixel of the frame, normalised as it is read: of a video's own frame, which the browser converts to RGB.
@group(0) @binding(1) var frame: texture_external;

fn normalised(row: u32, column: u32) -> vec4f {
  let colour = textureLoad(frame, vec2u(column, row)) * params.scale - params.shift;
  return vec4f(colour.rgb, 0.0);
}
