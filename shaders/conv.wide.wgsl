// `conv` for CPU adapters: the same sums in tiles of 16 pixels of a row × 8 channels, input channels shared by the four lanes of a quad.
// All taps and quads of input channels are one row of steps, so that neither a quad of three channels nor eighteen of them leave lanes idle.
enable subgroups;
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/wide.wgsl
// use lib/strip.wgsl
// use lib/conv.io.wgsl

@group(0) @binding(3) var<storage, read> weights: array<packed>;

fn store4(row: u32, column: u32, quad: u32, sums: mat4x4f) {
  if (row >= params.height || quad >= params.y_quads) { return; }
  let at = min(vec4u(column) + vec4u(0u, 1u, 2u, 3u), vec4u(params.width - 1u));
  store(row, at.x, quad, sums[0]);
  store(row, at.y, quad, sums[1]);
  store(row, at.z, quad, sums[2]);
  store(row, at.w, quad, sums[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let lanes = (params.pairs + 3u) / 4u * 4u;  // whole quads of lanes
  let tile = lane / lanes;
  let pair = lane - tile * lanes;
  let row = tile / params.across;
  let column = (tile - row * params.across) * 16u;
  let own = lane & 3u;

  // Nobody may leave early, because of the swaps: a lane beyond the end reads what is there and stores nothing.
  var sums = wide_biased(params.bias, pair * 2u);
  let whole = (params.steps + 3u) / 4u;
  var at = pair * whole * 32u;
  for (var k = 0u; k < whole; k += 1u) {
    // Of a last four that is not whole the last step is read again, its weights are zero.
    let step = min(k * 4u + own, params.steps - 1u);
    let tap = step / params.quads;
    let ky = tap / params.columns;
    let v = i32(row * params.stride + ky * params.dilation) - i32(params.pad);
    let along = i32((tap - ky * params.columns) * params.dilation) - i32(params.pad);
    let last = i32((params.width - 1u) * params.stride) + along;
    let x = load_strip(v, i32(column * params.stride) + along, i32(params.stride), last, step - tap * params.quads);
    sums = wide_accumulate(sums, at, x);
    at += 32u;
  }
  for (var four = 0u; four < 8u; four += 1u) {
    store4(row, column + (four & 3u) * 4u, pair * 2u + four / 4u, sums.even.a);
    sums = wide_turned(sums);
  }
}
