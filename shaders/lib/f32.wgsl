// Storage codec: a channel quad as four float32, 16 bytes.
alias stored = vec4f;
fn decode(v: stored) -> vec4f { return v; }
fn encode(v: vec4f) -> stored { return v; }
