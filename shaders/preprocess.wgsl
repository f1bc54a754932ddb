// The network's beginning: a frame texture → normalised channels.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/preprocess.wgsl

@group(0) @binding(1) var frame: texture_2d<f32>;

fn colour_at(column: i32, row: i32) -> vec4f { return textureLoad(frame, vec2i(column, row), 0); }
