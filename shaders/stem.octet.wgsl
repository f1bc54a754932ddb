// `stem` for CPU adapters whose subgroups have eight lanes, 3×3 kernels: a workgroup makes a row, each lane four channels, whose weights it holds.
// Of eight pixels a lane reads the colours of one, and hands them round.
enable subgroups;
// use lib/f32.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/stem.io.wgsl
// use lib/frame.texture.wgsl

const LANES = 8u;
const TAPS = 9u;

// Zero outside the frame: the padding follows the normalisation.
fn colours_at(row: i32, column: i32) -> vec3f {
  let wanted = vec2i(column, row);
  let at = clamp(wanted, vec2i(0), vec2i(i32(params.x_width), i32(params.x_height)) - 1);
  return normalised(u32(at.y), u32(at.x)).rgb * f32(all(wanted == at));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  let eights = (params.pairs + 3u) / 4u;  // of quads
  let row = group / eights;
  let quad = (group - row * eights) * LANES + lane;
  if (row >= params.height) { return; }
  let start = bias(params.bias, quad);
  var kernel: array<mat3x4f, TAPS>;
  for (var tap = 0u; tap < TAPS; tap += 1u) {
    let at = (quad / 2u * TAPS + tap) * 8u + quad % 2u * 4u;
    kernel[tap] = mat3x4f(weight(at), weight(at + 1u), weight(at + 2u));
  }
  let top = i32(row * params.stride) - i32(params.pad);
  for (var first = 0u; first < params.width; first += LANES) {
    let left = i32((first + lane) * params.stride) - i32(params.pad);
    var colours: array<vec3f, TAPS>;
    for (var tap = 0u; tap < TAPS; tap += 1u) {
      colours[tap] = colours_at(top + i32(tap / 3u * params.dilation), left + i32(tap % 3u * params.dilation));
    }
    // By twos: one sum alone waits for itself.
    for (var pixel = 0u; pixel < LANES; pixel += 2u) {
      var even = start;
      var odd = start;
      for (var tap = 0u; tap < TAPS; tap += 1u) {
        even += kernel[tap] * subgroupShuffle(colours[tap], pixel);
        odd += kernel[tap] * subgroupShuffle(colours[tap], pixel + 1u);
      }
      finish(row, first + pixel, quad, even);
      finish(row, first + pixel + 1u, quad, odd);
    }
  }
}
