// The same from a video's own frame, which the browser converts to RGB as it is read.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/preprocess.wgsl

@group(0) @binding(1) var frame: texture_external;

fn colour_at(column: i32, row: i32) -> vec4f { return textureLoad(frame, vec2i(column, row)); }
