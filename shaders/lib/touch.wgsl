// Weights that are about to be read, brought into a CPU's caches together: its prefetching foresees no gathers, so the first gather of every block would
// wait for memory alone, where several that nothing waits for are under way at once.
var<private> touched: u32 = 0u;
// A quad of weights in the line of each lane.
fn touch(at: u32) { touched |= bitcast<u32>(weight(at).x); }
// Always 0, for a dispatch has no third dimension: `z` is its index there. No compiler knows, so that none drops what is read for nothing.
fn untouched(z: u32) -> u32 { return touched & z; }
