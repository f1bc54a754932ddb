// Truth for a Gaussian blur, cut off after three deviations.

/** RGBA h×w blurred along both axes, clamped at the border; alpha is 255. `deviation` in pixels, above 0. */
export function blur(
  rgba: Uint8ClampedArray | Uint8Array,
  width: number,
  height: number,
  deviation: number,
): Uint8ClampedArray<ArrayBuffer> {
  const across = blurAxis(rgba, width, height, deviation, 1, 0);
  return blurAxis(across, width, height, deviation, 0, 1);
}

function blurAxis(
  rgba: Uint8ClampedArray | Uint8Array,
  width: number,
  height: number,
  deviation: number,
  dx: number,
  dy: number,
): Uint8ClampedArray<ArrayBuffer> {
  const reach = Math.ceil(3 * deviation);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, n) => Math.exp(-0.5 * ((n - reach) / deviation) ** 2));
  const total = weights.reduce((a, b) => a + b, 0);
  const out = new Uint8ClampedArray(rgba.length).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [r, g, b] = [0, 0, 0];
      for (let n = -reach; n <= reach; n++) {
        const column = Math.min(Math.max(x + n * dx, 0), width - 1);
        const row = Math.min(Math.max(y + n * dy, 0), height - 1);
        const from = (row * width + column) * 4;
        const weight = weights[n + reach];
        r += weight * rgba[from];
        g += weight * rgba[from + 1];
        b += weight * rgba[from + 2];
      }
      const to = (y * width + x) * 4;
      out[to] = r / total;
      out[to + 1] = g / total;
      out[to + 2] = b / total;
    }
  }
  return out;
}
