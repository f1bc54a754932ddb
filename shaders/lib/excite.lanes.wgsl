// Four lanes, each repeats the first layer and makes a quarter of the gates: on a CPU adapter the repeated lanes are free (one SIMD group) and a
// barrier is not. What the second layer makes goes through `ended`.
var<private> hidden: array<vec4f, MAX_HIDDEN>;

@compute @workgroup_size(4)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var h = 0u; h < params.hidden; h += 1u) { hidden[h] = weights[bias1() + h]; }
  for (var quad = 0u; quad < params.quads; quad += 1u) {
    let mean = strip_sum(quad, 0u, 1u) * params.scale;
    for (var h = 0u; h < params.hidden; h += 1u) { hidden[h] += weight_block((h * params.quads + quad) * 4u) * mean; }
  }
  for (var quad = lane; quad < params.quads; quad += 4u) {
    var sum = weights[bias2() + quad];
    for (var h = 0u; h < params.hidden; h += 1u) {
      sum += weight_block(weights2() + (quad * params.hidden + h) * 4u) * max(hidden[h], vec4f());
    }
    gate[quad] = ended(sum);
  }
}
