// Which size a picture has inside the network.

export interface Size {
  readonly h: number;
  readonly w: number;
}

/** The picture's own size, or, when it has more than `maxArea` pixels, the largest of the same shape that has not. */
export function networkSize({ h, w }: Size, maxArea: number | null): Size {
  if (maxArea === null || h * w <= maxArea) return { h, w };
  const scale = Math.sqrt(maxArea / (h * w));
  return { h: Math.max(1, Math.floor(h * scale)), w: Math.max(1, Math.floor(w * scale)) };
}

/** `360x480`: height first, as everywhere. */
export function printSize({ h, w }: Size): string {
  return `${h}x${w}`;
}
