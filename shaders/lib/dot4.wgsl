// Four products of codes and their sum, in core WGSL: both words are taken apart once for all products that they are in.
alias factors = vec4i;
fn factors_of(word: u32) -> factors { return codes_of(word); }
fn dot4(a: factors, b: factors) -> i32 { return dot(a, b); }
