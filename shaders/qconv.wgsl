// Convolution of int8 codes. This form is core WGSL.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/codes.wgsl
// use lib/dot4.wgsl
// use lib/qconv.io.wgsl
// use lib/qconv.wgsl
