// Pictures that the published code has predicted, with networks of a sixteenth of the published channels: what `segment` makes of them. The cheapest one
// lies in the repository.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { decodeLabels } from '../../src/image/png.ts';
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { toFloat32 } from '../../src/weights/tensor.ts';
import { seededWeights, tensorsIn } from '../models/dilatednet-fixtures.ts';
import { shared } from '../shared.ts';
import { at, cli, save } from './harness.ts';

const repository = fileURLToPath(new URL('../goldens/predict', import.meta.url));
const breadth = shared('fixtures/dilatednet/predict', 'DilatedNet’s published prediction is compared for one picture only');

/** `<network>_<width>x<height>` → the folder, the cheapest first; the last five take some minutes on a software adapter. */
export const pictures: ReadonlyMap<string, string> = new Map([
  ['dilation8_camvid_640x480', repository],
  ...(breadth
    ? [
        'dilation8_pascal_voc_150x120',
        'dilation8_pascal_voc_521x528',
        'dilation7_kitti_1226x370',
        'dilation8_camvid_900x560',
        'dilation10_cityscapes_1100x300',
      ].map(name => [name, breadth] as const)
    : []),
]);

/** Runs the command on a picture and holds its files to the published ones. Returns how near they are. */
export async function judgePrediction(picture: string): Promise<{ readonly same: number; readonly worst: number | null }> {
  const [, model, width, height] = /^(.*)_(\d+)x(\d+)$/.exec(picture)!;
  const stem = join(pictures.get(picture)!, picture);
  const weights = save(`${model}.safetensors`, writeSafetensors(seededWeights(model).tensors));
  const words = ['segment', `${stem}.png`, '-w', weights, '-o', at('predicted'), '--mask', '--scores', '--json'];
  const { code, out, err } = await cli(...words);
  assert.is(code, 0, err);
  const said = JSON.parse(out);
  assert.equal([said.model, said.overlay], [model, null]);
  const [mine, theirs] = await Promise.all(
    [said.classes, `${stem}.classes.png`].map(async file => decodeLabels(readFileSync(file), file)),
  );
  assert.equal([mine.width, mine.height], [Number(width), Number(height)]);
  const same = mine.data.filter((value, n) => value === theirs.data[n]).length / theirs.data.length;
  assert.ok(same > 0.9995, `${picture}: ${same} of the classes are equal`);
  // Where probabilities are at the picture's size they are large, and no fixture has them.
  if (!existsSync(`${stem}.prob.safetensors`)) return { same, worst: null };
  const [prob, wanted] = [said.scores, `${stem}.prob.safetensors`].map(file => tensorsIn(file).get('prob')!);
  assert.equal(prob.shape.slice(-3), wanted.shape.slice(-3));
  const numbers = toFloat32(wanted);
  const worst = toFloat32(prob).reduce((most, value, n) => Math.max(most, Math.abs(value - numbers[n])), 0);
  assert.ok(worst < 1e-3, `${picture}: probabilities are off by up to ${worst}`);
  return { same, worst };
}
