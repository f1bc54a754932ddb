// One number for each invocation of a dispatch that was folded into two dimensions, because one holds only 65535 workgroups.
const LANES = 64u;
fn lane_of(id: vec3u, groups: vec3u) -> u32 { return id.y * groups.x * LANES + id.x; }
