// `grouped` for CPU adapters: a lane makes two rows of 16 pixels × 4 channels, and the four lanes of a quad hand round what they load.
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
// use lib/strip.wgsl
// use lib/grouped.io.wgsl
// use lib/grouped.rows.wgsl

fn rows_round(sums: Rows, at: u32, _lane: u32, upper: Strip, lower: Strip) -> Rows {
  let one = rows_step(sums, at, upper, lower);
  let two = rows_step(one, at + 4u, strip_x(upper), strip_x(lower));
  let three = rows_step(two, at + 8u, strip_y(upper), strip_y(lower));
  return rows_step(three, at + 12u, strip_xy(upper), strip_xy(lower));
}
