// Pictures that are made as buffers to be copied into textures: a word a pixel, red in the lowest byte, rows padded to 256 bytes.
@group(0) @binding(0) var<uniform> params: Params;

fn put(row: u32, column: u32, colour: vec4f) { y[row * ((params.width + 63u) & ~63u) + column] = pack4x8unorm(colour); }
