// A picture made smaller on the CPU, for one that no texture of the adapter holds.
import type { Size } from './size.ts';
import { windows } from './windows.ts';

/**
 * RGBA resized to another size, alpha 255: the triangle filter of shaders/preprocess.wgsl, widened by the scale so that nothing is skipped, its sums rounded to
 * 8 bits. It reads the picture once, a row at a time, and holds one row and the rows of the result as float32.
 */
export function shrink(rgba: Uint8Array, from: Size, to: Size): Uint8Array<ArrayBuffer> {
  const columns = windows(from.w, to.w);
  const rows = windows(from.h, to.h);
  const line = new Float32Array(to.w * 3);
  const sums = new Float32Array(to.h * to.w * 3);
  // Windows begin in order, so the rows that a source row counts in are a run whose ends only go forward.
  let first = 0;
  for (let y = 0; y < from.h; y++) {
    while (first < to.h && rows[first].first + rows[first].weights.length <= y) first++;
    if (first === to.h || rows[first].first > y) continue;
    line.fill(0);
    columns.forEach((window, x) => {
      window.weights.forEach((weight, n) => {
        const pixel = (y * from.w + window.first + n) * 4;
        for (let c = 0; c < 3; c++) line[x * 3 + c] += weight * rgba[pixel + c];
      });
    });
    for (let row = first; row < to.h && rows[row].first <= y; row++) {
      const weight = rows[row].weights[y - rows[row].first] ?? 0;
      for (let n = 0; n < line.length; n++) sums[row * line.length + n] += weight * line[n];
    }
  }
  const result = new Uint8Array(to.h * to.w * 4).fill(255);
  for (let pixel = 0; pixel < to.h * to.w; pixel++)
    for (let c = 0; c < 3; c++) result[pixel * 4 + c] = Math.round(sums[pixel * 3 + c]);
  return result;
}
