// `excite` for CPU adapters whose subgroups have eight lanes: these share both layers, and hand the hidden channels round. No array is indexed by
// what differs from lane to lane.
enable subgroups;
// use lib/excite.io.wgsl

const LANES = 8u;
// Of every eight quads of hidden channels a lane has one.
var<private> hidden: array<vec4f, MAX_HIDDEN / LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  let eights = (params.hidden + LANES - 1u) / LANES;
  for (var eight = 0u; eight < eights; eight += 1u) {
    // Beyond the end the last is made again.
    let h = min(eight * LANES + lane, params.hidden - 1u);
    var sum = weights[bias1() + h];
    for (var quad = 0u; quad < params.quads; quad += 1u) {
      sum += weight_block((h * params.quads + quad) * 4u) * (strip_sum(quad, 0u, 1u) * params.scale);
    }
    hidden[eight] = max(sum, vec4f());
  }
  for (var first = 0u; first < params.quads; first += LANES) {
    let quad = min(first + lane, params.quads - 1u);
    var sum = weights[bias2() + quad];
    for (var h = 0u; h < params.hidden; h += 1u) {
      sum += weight_block(weights2() + (quad * params.hidden + h) * 4u) * subgroupShuffle(hidden[h / LANES], h % LANES);
    }
    gate[quad] = 1.0 / (1.0 + exp(-sum));
  }
}
