// The same gate by one workgroup that shares means and hidden layer: three short phases with barriers between, for GPUs.
// use lib/excite.io.wgsl

const LANES = 256u;
const MAX_QUADS = 512u;  // 2048 channels
var<workgroup> mean: array<vec4f, MAX_QUADS>;
var<workgroup> hidden: array<vec4f, MAX_HIDDEN>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var quad = lane; quad < params.quads; quad += LANES) { mean[quad] = strip_sum(quad); }
  workgroupBarrier();
  for (var h = lane; h < params.hidden; h += LANES) {
    var sum = weights[bias1() + h];
    for (var quad = 0u; quad < params.quads; quad += 1u) { sum += weight_block((h * params.quads + quad) * 4u) * mean[quad]; }
    hidden[h] = max(sum, vec4f());
  }
  workgroupBarrier();
  for (var quad = lane; quad < params.quads; quad += LANES) {
    var sum = weights[bias2() + quad];
    for (var h = 0u; h < params.hidden; h += 1u) { sum += weight_block(weights2() + (quad * params.hidden + h) * 4u) * hidden[h]; }
    gate[quad] = sigmoid(sum);
  }
}
