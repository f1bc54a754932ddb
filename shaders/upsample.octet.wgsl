// `upsample` for CPU adapters whose subgroups have eight lanes: a lane makes a quad of a whole row. All lanes are at the same column, whose place in the source
// is then made once, and what lies between two rows is made once for all pixels between two columns.
// use lib/f32.wgsl
// use lib/bilinear.wgsl
// use lib/taps.wgsl
// use lib/resample.io.wgsl

const LANES = 8u;

fn between(row: Tap, column: u32, quad: u32) -> vec4f { return mix(at(row.low, column, quad), at(row.high, column, quad), row.t); }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (id.y * groups.x + id.x) * LANES + lane;
  let row = index / params.quads;
  let quad = index - row * params.quads;
  if (row >= params.height) { return; }
  let v = tap_of(row, params.x_height, params.height);
  var u = tap_of(0u, params.x_width, params.width);
  var left = between(v, u.low, quad);
  var right = between(v, u.high, quad);
  for (var column = 0u; column < params.width; column += 1u) {
    let next = tap_of(column, params.x_width, params.width);
    if (next.low != u.low) {
      left = right;
      if (next.low != u.high) { left = between(v, next.low, quad); }
      right = between(v, next.high, quad);
    }
    u = next;
    store(row * params.width + column, quad, mix(left, right, u.t));
  }
}
