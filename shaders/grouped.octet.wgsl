// `grouped` for CPU adapters whose subgroups have eight lanes: a lane makes two rows of 16 pixels × 4 channels, and the four lanes of a quad hand round what they load.
enable subgroups;
// A quad's lanes make the same pixels: they go round the same loops.
diagnostic(off, subgroup_uniformity);
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/wide.wgsl
// use lib/octet.wgsl
// use lib/strip.wgsl
// use lib/grouped.io.wgsl
// use lib/grouped.rows.wgsl

// In a loop, for the reason of `lib/octet`.
fn rows_round(sums: Rows, at: u32, lane: u32, upper: Strip, lower: Strip) -> Rows {
  var next = sums;
  for (var turn = 0u; turn < 4u; turn += 1u) {
    let source = (lane & 7u) ^ turn;
    next = rows_step(next, at + turn * 4u, handed(upper, source), handed(lower, source));
  }
  return next;
}
