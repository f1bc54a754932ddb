// The same on a device, in f32 or another precision, and what is refused: `tsx test/onnx/device.ts [part of a name] [precision]`. Minutes on a
// software adapter. Where another precision is off by more than 2e-2 the network is also run in float64 with maps rounded as they are stored and nothing else: by more than TIMES
// that error a device is wrong.
import { fileURLToPath } from 'node:url';
import type { Precision } from '../../src/shader/source.ts';
import { deviceJudge } from '../judges.ts';
import { manifest, onDevice, rounded, tasks } from './networks.ts';

const TIMES = 2;

const folder = fileURLToPath(new URL('../../../shared/onnx/networks', import.meta.url));
const [part = '', precision = 'f32'] = process.argv.slice(2);
const judged = await deviceJudge();
if (!judged) throw new Error('no device here');
const { run, close } = onDevice(judged.device, judged.facts, precision as Precision);
let failed = 0;
for (const entry of manifest(folder).filter(({ name }) => name.includes(part))) {
  const allowed = precision === 'f32' ? entry.tolerance : Math.max(entry.tolerance, 2e-2);
  for (const { title, judge } of await tasks(folder, entry)) {
    const start = performance.now();
    const { error, refused } = await judge(run).catch(thrown => ({ error: Number.POSITIVE_INFINITY, refused: String(thrown) }));
    const beyond = error !== null && !(error <= allowed);
    const stored = beyond && precision !== 'f32' ? (await judge(rounded(precision === 'half' ? 'block' : 'half'))).error! : 0;
    const bad = beyond && !(error <= TIMES * stored);
    if (bad) failed++;
    const cause = stored > 0 ? `; of storing alone ${stored.toExponential(1)}` : '';
    const verdict =
      error === null ? `refused: ${refused}` : `${error.toExponential(1)} of ${allowed.toExponential(1)}${cause} ${refused}`;
    console.log(`${bad ? 'WRONG' : beyond ? 'over ' : 'ok   '} ${title}: ${verdict} (${Math.round(performance.now() - start)} ms)`);
  }
}
close();
judged.device.destroy();
console.log(`${failed} failed`);
process.exit(failed ? 1 : 0);
