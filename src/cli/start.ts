// `npm start`: the sample picture, segmented by our own shaders; results go to `out/` of the repository, wherever it is started from.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AtrousError, describe } from '../errors.ts';
import { decodeLabels } from '../image/png.ts';
import { pixelAccuracy } from '../image/statistics.ts';
import { parse } from './command.ts';
import { output, percent } from './output.ts';
import { segment, segmentPictures } from './segment.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLE = 'seed2_t0_480x360';
/** CamVid's label for pixels that count as nothing. */
const VOID = 11;

try {
  const out = output(false);
  const picture = { file: `${repository}demo/${SAMPLE}.png`, name: SAMPLE };
  process.exitCode = await segmentPictures(
    [picture],
    `${repository}out`,
    parse('start', segment, process.argv.slice(2)),
    out,
    async result => {
      const labels = `${repository}demo/${SAMPLE}.labels.png`;
      const { data } = await decodeLabels(await readFile(labels), labels);
      const accuracy = pixelAccuracy(result.classes, data, VOID);
      out.text(`accuracy ${percent(accuracy)} of the pixels, against the drawn scene’s exact labels`);
    },
  );
} catch (error) {
  process.stderr.write(`atrous: ${describe(error)}\n`);
  process.exitCode = error instanceof AtrousError && error.code === 'BAD_USAGE' ? 2 : 1;
}
