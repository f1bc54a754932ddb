// Weights codec of the programs with subgroup matrices: eight halves at a time, as they are staged, and behind them float32 quads.
alias packed = vec4u;
fn weight(at: u32) -> vec4f { return bitcast<vec4f>(weights[at]); }
fn from_end(quads: u32) -> vec4f { return weight(arrayLength(&weights) - quads); }
fn bias(start: u32, quad: u32) -> vec4f { return weight(start + quad); }
