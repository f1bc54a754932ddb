// Texts that the product reads: cards, class lists, label names, states of evaluations.
import { printState } from '../../src/eval/state.ts';
import { cityscapes } from '../../src/models/palettes.ts';
import { imagenet } from '../../src/weights/card.ts';
import { type Specimen, textSpecimen } from './mutate.ts';

export const card = {
  model: 'exp48_decoder26',
  classes: cityscapes.labels.slice(0, 2),
  palette: cityscapes.palette.slice(0, 2),
  preprocessing: imagenet,
};

export const cards: readonly Specimen[] = [
  textSpecimen('card', JSON.stringify(card)),
  textSpecimen(
    'card with everything',
    JSON.stringify(
      {
        ...card,
        preprocessing: { ...imagenet, channels: 'bgr', max_area: 2e6, tile: { height: 900, width: 900, margin: 186 } },
        check: {
          seed: 'input',
          height: 2,
          width: 4,
          classes: [
            [0, 3],
            [1, 5],
          ],
          agreement: 0.99,
        },
        source: { file: 'x.pth', sha256: 'ab' },
        miou: { camvid: 0.5 },
      },
      null,
      1,
    ),
  ),
];

export const classDicts: readonly Specimen[] = [
  textSpecimen('class_dict', 'name,r,g,b\nRoad,128,64,128\nSky,128,128,128\nVoid,0,0,0\n'),
];

export const labelNames: readonly Specimen[] = [
  textSpecimen('labels', 'road\nside walk 244,35,232\n'),
  textSpecimen('labels with remarks', '# two\n\nroad 128, 64,128\r\nsky\n'),
];

export const states: readonly Specimen[] = [
  textSpecimen(
    'state',
    printState({
      facts: { weights: 'ab', classes: 'road, sky' },
      about: {
        model: 'x',
        data: '/d',
        layout: 'pairs',
        names: ['road', 'sky'],
        threshold: null,
        matched: 'name',
        forms: { numbers: 2 },
        order: null,
      },
      total: 2,
      failed: ['c.png'],
      done: new Map([['a.png', { sha256: 'cd', confusion: { classes: 2, counts: Float64Array.of(5, 0, 0, 7), ignored: 3 } }]]),
    }),
  ),
];
