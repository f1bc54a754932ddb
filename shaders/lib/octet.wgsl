// What eight lanes of a subgroup hand round: each loads one of eight quads of input channels, and in turn n has that of the lane whose number differs
// from its own by n bit by bit, in whose order its weights are packed. A loop of turns, where `lib/wide` is written out: the code of one turn
// fits the caches of a CPU, and where an index is no constant compilers shuffle in one instruction too.
fn handed4(m: mat4x4f, source: u32) -> mat4x4f {
  return mat4x4f(subgroupShuffle(m[0], source), subgroupShuffle(m[1], source), subgroupShuffle(m[2], source), subgroupShuffle(m[3], source));
}
fn handed(s: Strip, source: u32) -> Strip {
  return Strip(handed4(s.a, source), handed4(s.b, source), handed4(s.c, source), handed4(s.d, source));
}
