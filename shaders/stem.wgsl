// The network's first convolution straight from the frame texture, normalised as it is read: the normalised picture is never stored.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/stem.io.wgsl
// use lib/stem.tile.wgsl
// use lib/frame.texture.wgsl
