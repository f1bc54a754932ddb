// Weights codec of rows for CPU adapters: a quad as a texel of four float32, whatever else a plan stores. What differs by lane lavapipe gathers from a
// buffer, one component at a time; of a texture it loads all four of a lane at once and transposes those of eight lanes.
const ROW = 4096u;  // texels
fn weight(at: u32) -> vec4f { return textureLoad(weights, vec2u(at % ROW, at / ROW)); }
fn bias(start: u32, quad: u32) -> vec4f { return weight(start + quad); }
// The last quads stand once more, at the end of a row of their own.
fn from_end(quads: u32) -> vec4f { return textureLoad(weights, vec2u(ROW - quads, textureDimensions(weights).y - 1u)); }
