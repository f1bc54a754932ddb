// The same from a caller's own tensor.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/stem.io.wgsl
// use lib/stem.tile.wgsl
// use lib/frame.tensor.wgsl
