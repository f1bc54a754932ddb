// Sums over all pixels by a workgroup: two channel quads, which lie side by side in memory, share its lanes, and each lane takes every so-manieth pixel of one.
const LANES = 256u;
const QUADS = 2u;
const SHARES = LANES / QUADS;
var<workgroup> sums: array<vec4f, LANES>;

// The sum of what the lanes of a quad have, for each of them.
fn added(lane: u32, part: vec4f) -> vec4f {
  sums[lane] = part;
  workgroupBarrier();
  for (var step = SHARES / 2u; step > 0u; step /= 2u) {
    if (lane < step * QUADS) { sums[lane] += sums[lane + step * QUADS]; }
    workgroupBarrier();
  }
  let sum = sums[lane % QUADS];
  workgroupBarrier();
  return sum;
}
