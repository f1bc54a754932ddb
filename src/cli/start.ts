// `npm start`: the sample picture, segmented by our own shaders; results go to `out/` of the repository, wherever it is started from.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AtrousError, describe } from '../errors.ts';
import { decodeLabels } from '../image/png.ts';
import { pixelAccuracy } from '../image/statistics.ts';
import { parse } from './command.ts';
import { output, percent } from './output.ts';
import { segment, segmentFiles } from './segment.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLE = `${repository}demo/seed2_t0_480x360`;
/** CamVid's label for pixels that count as nothing. */
const VOID = 11;

try {
  const out = output(false);
  process.exitCode = await segmentFiles(
    [`${SAMPLE}.png`],
    `${repository}out`,
    parse('start', segment, process.argv.slice(2)),
    out,
    async (_picture, result) => {
      const { data } = await decodeLabels(await readFile(`${SAMPLE}.labels.png`), `${SAMPLE}.labels.png`);
      out.text(
        `accuracy ${percent(pixelAccuracy(result.classes, data, VOID))} of the pixels, against the drawn scene’s exact labels`,
      );
    },
  );
} catch (error) {
  process.stderr.write(`atrous: ${describe(error)}\n`);
  process.exitCode = error instanceof AtrousError && error.code === 'BAD_USAGE' ? 2 : 1;
}
