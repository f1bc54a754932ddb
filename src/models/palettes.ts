// Class names and colours for weights that come without a card (MIT and research releases name them so).
import type { Colour } from '../weights/card.ts';

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

/** CamVid's 11 as the published RegSeg code and the DilatedNet checkpoints (KITTI's too) order them. SegNet's order, that of `regseg-camvid`, is another. */
export const camvid = classSet(`
  Building 128,0,0
  Tree 128,128,0
  Sky 128,128,128
  Car 64,0,128
  SignSymbol 192,128,128
  Road 128,64,128
  Pedestrian 64,64,0
  Fence 64,64,128
  Column_Pole 192,192,128
  Sidewalk 0,0,192
  Bicyclist 0,128,192
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

const vocLabels = `
  background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train
  tvmonitor
`
  .trim()
  .split(/\s+/);

/** PASCAL VOC's 20 and the background. */
export const voc: ClassSet = { labels: vocLabels, palette: vocPalette(vocLabels.length) };

/** Classes that nothing names, by channels of scores: `0`, `1`, … with VOC's colours; of a single channel `foreground` and its `background`. */
export function unnamed(channels: number): ClassSet {
  if (channels === 1) return { labels: ['background', 'foreground'], palette: vocPalette(2) };
  return { labels: Array.from({ length: channels }, (_, index) => String(index)), palette: vocPalette(channels) };
}

/** What classes are called and coloured when no card tells: 19 channels are taken for Cityscapes'. */
export function defaultClasses(channels: number): ClassSet {
  return channels === 19 ? cityscapes : unnamed(channels);
}
