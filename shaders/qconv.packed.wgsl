// Convolution of int8 codes where the language has the product of four pairs of them.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/codes.wgsl
// use lib/dot4.packed.wgsl
// use lib/qconv.io.wgsl
// use lib/qconv.wgsl
