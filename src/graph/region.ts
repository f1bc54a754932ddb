// Sets of pixels of any shape, exact and small: bands of rows that hold the same spans of columns. A field of view with holes is no
// rectangle and no product of rows and columns, so nothing simpler would do.

/** Rows [top, bottom) with the pixels of `spans`: column pairs [from, to), ascending, that don't touch. */
export interface Band {
  readonly top: number;
  readonly bottom: number;
  readonly spans: readonly number[];
}

/** Bands from top to bottom; neighbours that touch differ in their spans, so equal sets are equal data. */
export type Region = readonly Band[];

/** Half-open in both directions, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export function rectangle({ top, left, bottom, right }: Box): Region {
  return top < bottom && left < right ? [{ top, bottom, spans: [left, right] }] : [];
}

/** The smallest box around a region; null when it is empty. */
export function boxOf(region: Region): Box | null {
  if (region.length === 0) return null;
  const left = Math.min(...region.map(({ spans }) => spans[0]));
  const right = Math.max(...region.map(({ spans }) => spans.at(-1)!));
  return { top: region[0].top, left, bottom: region.at(-1)!.bottom, right };
}

export function shift(region: Region, rows: number, columns: number): Region {
  if (rows === 0 && columns === 0) return region;
  return region.map(({ top, bottom, spans }) => ({
    top: top + rows,
    bottom: bottom + rows,
    spans: columns === 0 ? spans : spans.map(at => at + columns),
  }));
}

/** The part inside a box. */
export function clip(region: Region, box: Box): Region {
  const bands: Band[] = [];
  for (const { top, bottom, spans } of region) {
    const within: number[] = [];
    for (let n = 0; n < spans.length; n += 2) {
      const [from, to] = [Math.max(spans[n], box.left), Math.min(spans[n + 1], box.right)];
      if (from < to) within.push(from, to);
    }
    push(bands, Math.max(top, box.top), Math.min(bottom, box.bottom), within);
  }
  return bands;
}

/** Pixels. */
export function area(region: Region): number {
  let sum = 0;
  for (const { top, bottom, spans } of region) {
    for (let n = 0; n < spans.length; n += 2) sum += (bottom - top) * (spans[n + 1] - spans[n]);
  }
  return sum;
}

/** The first pixel of the region's box, row by row, that is not in the region; null when there is none. */
export function firstHole(region: Region): { readonly row: number; readonly column: number } | null {
  const box = boxOf(region);
  if (!box) return null;
  let row = box.top;
  for (const { top, bottom, spans } of region) {
    if (top > row) return { row, column: box.left };
    if (spans[0] > box.left) return { row: top, column: box.left };
    if (spans[1] < box.right) return { row: top, column: spans[1] };
    row = bottom;
  }
  return null;
}

/** A sweep over the rows at which any of the regions changes. */
export function union(regions: readonly Region[]): Region {
  const some = regions.filter(region => region.length > 0);
  if (some.length < 2) return some[0] ?? [];
  const whole = around(some.map(region => boxOf(region)!));
  // By far the most frequent case: one rectangle that holds the others.
  const cover = some.find(region => region.length === 1 && region[0].spans.length === 2 && same(boxOf(region)!, whole));
  if (cover) return cover;
  const rows = [...new Set(some.flatMap(region => region.flatMap(({ top, bottom }) => [top, bottom])))].sort((a, b) => a - b);
  const next = some.map(() => 0);
  const bands: Band[] = [];
  for (let n = 0; n + 1 < rows.length; n++) {
    const held: (readonly number[])[] = [];
    some.forEach((region, index) => {
      while (next[index] < region.length && region[next[index]].bottom <= rows[n]) next[index]++;
      const band = region[next[index]];
      if (band && band.top <= rows[n]) held.push(band.spans);
    });
    push(bands, rows[n], rows[n + 1], merge(held));
  }
  return bands;
}

function around(boxes: readonly Box[]): Box {
  return {
    top: Math.min(...boxes.map(({ top }) => top)),
    left: Math.min(...boxes.map(({ left }) => left)),
    bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
    right: Math.max(...boxes.map(({ right }) => right)),
  };
}

function same(a: Box, b: Box): boolean {
  return a.top === b.top && a.left === b.left && a.bottom === b.bottom && a.right === b.right;
}

/** Spans of several rows in one, those that touch joined. */
function merge(rows: readonly (readonly number[])[]): readonly number[] {
  if (rows.length < 2) return rows[0] ?? [];
  const pairs = rows.flatMap(spans => Array.from({ length: spans.length / 2 }, (_, n) => [spans[2 * n], spans[2 * n + 1]]));
  pairs.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [from, to] of pairs) {
    const end = merged.length - 1;
    if (end > 0 && from <= merged[end]) merged[end] = Math.max(merged[end], to);
    else merged.push(from, to);
  }
  return merged;
}

/** Appends a band, or lengthens the last one when it only goes on. */
function push(bands: Band[], top: number, bottom: number, spans: readonly number[]): void {
  if (top >= bottom || spans.length === 0) return;
  const last = bands.at(-1);
  const goesOn = last?.bottom === top && last.spans.length === spans.length && last.spans.every((at, n) => at === spans[n]);
  if (goesOn) bands[bands.length - 1] = { ...last, bottom };
  else bands.push({ top, bottom, spans });
}
