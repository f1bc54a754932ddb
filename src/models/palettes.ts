// Class names and colours for weights that come without a card (MIT and research releases name them so).

export type Colour = readonly [r: number, g: number, b: number];

export interface ClassSet {
  readonly labels: readonly string[];
  readonly palette: readonly Colour[];
}

function classSet(text: string): ClassSet {
  const rows = text
    .trim()
    .split('\n')
    .map(line => line.trim().split(' '));
  return {
    labels: rows.map(row => row.slice(0, -1).join(' ')),
    palette: rows.map(row => row.at(-1)!.split(',').map(Number) as unknown as Colour),
  };
}

/** Cityscapes' 19 train ids. */
export const cityscapes = classSet(`
  road 128,64,128
  sidewalk 244,35,232
  building 70,70,70
  wall 102,102,156
  fence 190,153,153
  pole 153,153,153
  traffic light 250,170,30
  traffic sign 220,220,0
  vegetation 107,142,35
  terrain 152,251,152
  sky 70,130,180
  person 220,20,60
  rider 255,0,0
  car 0,0,142
  truck 0,0,70
  bus 0,60,100
  train 0,80,100
  motorcycle 0,0,230
  bicycle 119,11,32
`);

/** The colour map of PASCAL VOC's development kit: bit j of a channel's colour, from the top, is bit 3j + channel of the class. */
export function vocPalette(classes: number): Colour[] {
  const channel = (index: number, shift: number): number => {
    let value = 0;
    for (let bit = 0; bit < 8; bit++) value |= ((index >> (3 * bit + shift)) & 1) << (7 - bit);
    return value;
  };
  return Array.from({ length: classes }, (_, index) => [channel(index, 0), channel(index, 1), channel(index, 2)] as const);
}

/** What classes are called and coloured when no card tells: 19 are taken for Cityscapes', others are numbered. */
export function defaultClasses(classes: number): ClassSet {
  if (classes === 19) return cityscapes;
  return { labels: Array.from({ length: classes }, (_, index) => String(index)), palette: vocPalette(classes) };
}
