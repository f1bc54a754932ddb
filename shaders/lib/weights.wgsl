// Weights codec: a quad of weights as four float32, so also the biases behind them. They are float32 in every precision, because rounding them to
// half doubled the error of half plans (97×131 golden: 7e-3 instead of 3.5e-3) and their unpacking doubled the time on a CPU adapter, while
// they are a small part of what a frame moves. The exception has a codec of its own, lib/weights.half.wgsl.
alias packed = vec4f;
fn weight(at: u32) -> vec4f { return weights[at]; }
fn bias(start: u32, quad: u32) -> vec4f { return weights[start + quad]; }
fn from_end(quads: u32) -> vec4f { return weights[arrayLength(&weights) - quads]; }
