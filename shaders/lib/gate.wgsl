// The gate of a D block, made by every workgroup of the convolution that reads it. A form has room for it (`gate`), and for what lanes hand each other
// while they make it: `put_quad` and `staged`, `put_hidden` and `hidden`.
override HIDDEN: u32 = 1u;          // hidden channels of the excitation / 4, rounded up
override STRIPS: u32 = 1u;          // rows of sums

// The sum of what the lanes that share a result have staged.
fn gathered(index: u32, shares: u32) -> vec4f {
  var sum = staged(index * shares);
  for (var share = 1u; share < shares; share += 1u) { sum += staged(index * shares + share); }
  return sum;
}

// A 4×4 block of the excitation's weights, float32 in every form.
fn gate_block(at: u32) -> mat4x4f { return mat4x4f(weight(at), weight(at + 1u), weight(at + 2u), weight(at + 3u)); }

// The excitation by all lanes of a workgroup: where a layer has fewer results than lanes, several share one. All bounds are constants, so that
// a compiler can have the loads of many turns under way.
fn make_gate(lane: u32) {
  let bias1 = params.excite + HIDDEN * QUADS * 4u;
  let weights2 = bias1 + HIDDEN;
  let bias2 = weights2 + QUADS * HIDDEN * 4u;
  let many = max(LANES / QUADS, 1u);
  for (var index = lane; index < QUADS * many; index += LANES) {
    let quad = index / many;
    let share = index - quad * many;
    var sum = vec4f();
    for (var turn = 0u; turn < (STRIPS + many - 1u) / many; turn += 1u) {
      let strip = turn * many + share;
      sum += select(vec4f(), sums[min(strip, STRIPS - 1u) * QUADS + quad], strip < STRIPS);
    }
    put_quad(index, sum);
  }
  workgroupBarrier();
  for (var quad = lane; quad < QUADS; quad += LANES) { gate[quad] = gathered(quad, many) * params.scale; }
  workgroupBarrier();
  let few = LANES / HIDDEN;
  if (lane < HIDDEN * few) {
    let h = lane / few;
    let share = lane - h * few;
    var sum = vec4f();
    for (var turn = 0u; turn < (QUADS + few - 1u) / few; turn += 1u) {
      let quad = turn * few + share;
      let value = select(vec4f(), gate[min(quad, QUADS - 1u)], quad < QUADS);
      sum += gate_block(params.excite + (h * QUADS + min(quad, QUADS - 1u)) * 4u) * value;
    }
    put_quad(lane, sum);
  }
  workgroupBarrier();
  if (lane < HIDDEN) { put_hidden(lane, max(weight(bias1 + lane) + gathered(lane, few), vec4f())); }
  workgroupBarrier();
  for (var index = lane; index < QUADS * many; index += LANES) {
    let quad = index / many;
    let share = index - quad * many;
    var sum = vec4f();
    for (var turn = 0u; turn < (HIDDEN + many - 1u) / many; turn += 1u) {
      let h = turn * many + share;
      let value = select(vec4f(), hidden(min(h, HIDDEN - 1u)), h < HIDDEN);
      sum += gate_block(weights2 + (quad * HIDDEN + min(h, HIDDEN - 1u)) * 4u) * value;
    }
    put_quad(index, sum);
  }
  workgroupBarrier();
  for (var quad = lane; quad < QUADS; quad += LANES) {
    gate[quad] = 1.0 / (1.0 + exp(-(weight(bias2 + quad) + gathered(quad, many))));
  }
  workgroupBarrier();
}
