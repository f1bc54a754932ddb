// `excite` for CPU adapters whose subgroups have eight lanes: these share both layers, and hand means and hidden channels round. One workgroup: on such an
// adapter the first thread is done with so little before a second has woken.
enable subgroups;
// use lib/excite.io.wgsl

const LANES = 8u;
// Of every eight quads of hidden channels a lane has one.
var<private> hidden: array<vec4f, MAX_HIDDEN / LANES>;

// The sum with eight quads of inputs more, or as many as there are: each lane has one, `own`.
fn add_eight(sum: vec4f, at: u32, own: vec4f, inputs: u32) -> vec4f {
  var next = sum;
  for (var turn = 0u; turn < min(inputs, LANES); turn += 1u) { next += weight_block(at + turn * 4u) * subgroupShuffle(own, turn); }
  return next;
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  // Beyond the end the last is made again.
  for (var first = 0u; first < params.hidden; first += LANES) {
    let h = min(first + lane, params.hidden - 1u);
    var sum = weights[bias1() + h];
    for (var quad = 0u; quad < params.quads; quad += LANES) {
      let mean = strip_sum(min(quad + lane, params.quads - 1u), 0u, 1u) * params.scale;
      sum = add_eight(sum, (h * params.quads + quad) * 4u, mean, params.quads - quad);
    }
    hidden[first / LANES] = max(sum, vec4f());
  }
  for (var first = 0u; first < params.quads; first += LANES) {
    let quad = min(first + lane, params.quads - 1u);
    var sum = weights[bias2() + quad];
    for (var h = 0u; h < params.hidden; h += LANES) {
      sum = add_eight(sum, weights2() + (quad * params.hidden + h) * 4u, hidden[h / LANES], params.hidden - h);
    }
    gate[quad] = 1.0 / (1.0 + exp(-sum));
  }
}
