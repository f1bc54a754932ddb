// Slots by lifetime: values that never live at the same time share a buffer. Separate buffers, not one arena, because WebGPU forbids
// reading and writing one buffer in one dispatch.

export interface Lifetime {
  readonly name: string;
  readonly bytes: number;
  /** Index of the step that writes it first, and of the last that reads it, both included. */
  readonly from: number;
  readonly to: number;
}

/**
 * Greedy by size (Pisarchyk & Lee, arXiv 2001.03288, "shared objects"): the largest value first, each into the smallest slot that is free
 * for its whole life. Returns the slot of every value and the bytes of every slot.
 */
export function assignSlots(lifetimes: readonly Lifetime[]): { slotOf: Map<string, number>; slots: number[] } {
  const slots: { bytes: number; held: Lifetime[] }[] = [];
  const slotOf = new Map<string, number>();
  const largestFirst = [...lifetimes].sort((a, b) => b.bytes - a.bytes || a.from - b.from);
  for (const value of largestFirst) {
    const free = slots.filter(({ held }) => held.every(other => other.to < value.from || value.to < other.from));
    let slot = free.sort((a, b) => a.bytes - b.bytes)[0];
    if (!slot) slots.push((slot = { bytes: value.bytes, held: [] }));
    slot.held.push(value);
    slotOf.set(value.name, slots.indexOf(slot));
  }
  return { slotOf, slots: slots.map(({ bytes }) => bytes) };
}
