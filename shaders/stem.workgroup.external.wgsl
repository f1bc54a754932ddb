// The same from a video's own frame.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl
// use lib/chain.wgsl
// use lib/stem.chain.wgsl
// use lib/frame.external.wgsl
