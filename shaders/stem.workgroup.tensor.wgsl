// The same from a caller's own tensor.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl
// use lib/chain.wgsl
// use lib/stem.chain.wgsl
// use lib/frame.tensor.wgsl
