// `stem` and the 1×1 convolution behind it, for GPUs, from the frame texture.
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/tile.wgsl
// use lib/chain.wgsl
// use lib/stem.chain.wgsl
// use lib/frame.texture.wgsl
