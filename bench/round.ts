// Numbers as results have them.
export function round(value: number): number {
  return Number(value.toPrecision(5));
}
