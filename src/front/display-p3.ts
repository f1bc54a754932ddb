// Pixels of a display with wider colours.

/** Display P3's primaries in sRGB's, both with a D65 white (CSS Color 4, section 17). */
const P3_TO_SRGB = [1.2249401762, -0.2249401762, 0, -0.0420569547, 1.0420569547, 0, -0.0196375546, -0.0786360456, 1.0982736002];

/** In place: both spaces have sRGB's transfer curve (IEC 61966-2-1); colours that sRGB has not are clipped. */
export function fromDisplayP3(rgba: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const linear = Float64Array.from({ length: 256 }, (_, value) => {
    const v = value / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  const encoded = (v: number): number => {
    const clipped = Math.min(Math.max(v, 0), 1);
    return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
  };
  for (let at = 0; at < rgba.length; at += 4) {
    const [r, g, b] = [linear[rgba[at]], linear[rgba[at + 1]], linear[rgba[at + 2]]];
    for (let row = 0; row < 3; row++)
      rgba[at + row] = encoded(P3_TO_SRGB[3 * row] * r + P3_TO_SRGB[3 * row + 1] * g + P3_TO_SRGB[3 * row + 2] * b);
  }
  return rgba;
}
