// A pixel of the frame: of a caller's own tensor, three float32 planes that are normalised already.
@group(0) @binding(1) var<storage, read> frame: array<f32>;

fn normalised(row: u32, column: u32) -> vec4f {
  let plane = params.x_height * params.x_width;
  let pixel = row * params.x_width + column;
  return vec4f(frame[pixel], frame[plane + pixel], frame[2u * plane + pixel], 0.0);
}
