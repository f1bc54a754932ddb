// One workgroup that shares means and hidden layer: four short phases with barriers between, for GPUs. What the second layer makes goes through `ended`.
const LANES = 256u;
const MAX_QUADS = 512u;  // 2048 channels
var<workgroup> sums: array<vec4f, MAX_QUADS>;
var<workgroup> hidden: array<vec4f, MAX_HIDDEN>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  // With fewer channels than lanes several lanes share a quad: each takes every so-manieth strip.
  let shares = max(LANES / params.quads, 1u);
  for (var index = lane; index < params.quads * shares; index += LANES) {
    let share = index / params.quads;
    sums[index] = strip_sum(index - share * params.quads, share, shares);
  }
  workgroupBarrier();
  for (var quad = lane; quad < params.quads; quad += LANES) {
    var mean = sums[quad];
    for (var share = 1u; share < shares; share += 1u) { mean += sums[share * params.quads + quad]; }
    sums[quad] = mean * params.scale;
  }
  workgroupBarrier();
  for (var h = lane; h < params.hidden; h += LANES) {
    var sum = weights[bias1() + h];
    for (var quad = 0u; quad < params.quads; quad += 1u) { sum += weight_block((h * params.quads + quad) * 4u) * sums[quad]; }
    hidden[h] = max(sum, vec4f());
  }
  workgroupBarrier();
  for (var quad = lane; quad < params.quads; quad += LANES) {
    var sum = weights[bias2() + quad];
    for (var h = 0u; h < params.hidden; h += 1u) { sum += weight_block(weights2() + (quad * params.hidden + h) * 4u) * hidden[h]; }
    gate[quad] = ended(sum);
  }
}
