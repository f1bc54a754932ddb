// `npm start`: the sample picture, segmented by our own shaders; results go to `out/` of the repository, wherever it is started from.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeLabels } from '../image/png.ts';
import { pixelAccuracy } from '../image/statistics.ts';
import { checkFolder } from '../node/files.ts';
import { type Command, noPositionals, parse, shared, sharedHelp } from './command.ts';
import { output, percent, runProgram } from './output.ts';
import { segmentPictures } from './segment.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLE = 'seed2_t0_480x360';
/** CamVid's label for pixels that count as nothing. */
const VOID = 11;

const start: Command = {
  usage: 'start [--adapter NAME] [--precision P] [--variants V]',
  about: 'the sample picture, segmented into out/',
  help: sharedHelp,
  options: { adapter: shared.adapter, precision: shared.precision, variants: shared.variants },
  async run(args) {
    noPositionals('start', args);
    const out = output(false);
    const picture = { file: `${repository}demo/${SAMPLE}.png`, name: SAMPLE, path: `${SAMPLE}.png` };
    const folder = `${repository}out`;
    await checkFolder(folder, null);
    return segmentPictures([picture], folder, args, out, async result => {
      const labels = `${repository}demo/${SAMPLE}.labels.png`;
      const { data } = await decodeLabels(await readFile(labels), labels);
      const accuracy = pixelAccuracy(result.classes, data, VOID);
      out.text(`accuracy ${percent(accuracy)} of the pixels, against the drawn scene’s exact labels`);
    });
  },
};

await runProgram(async () => start.run(parse('start', start, process.argv.slice(2))));
