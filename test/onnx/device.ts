// The same on a device, in f32 or another precision, and what is refused: `tsx test/onnx/device.ts [part of a name] [precision]`. Minutes on a
// software adapter. `half` is held to 2e-2. Where `f16` is off by more the network is also run in float64 with maps rounded as they are stored and nothing else: by more than
// TIMES that error a device is wrong.
import { fileURLToPath } from 'node:url';
import type { Precision } from '../../src/shader/source.ts';
import { deviceJudge } from '../judges.ts';
import { manifest, onDevice, rounded, tasks } from './networks.ts';

const TIMES = 2;

const folder = fileURLToPath(new URL('../../../shared/onnx/networks', import.meta.url));
const [part, precision] = [process.argv[2] ?? '', (process.argv[3] ?? 'f32') as Precision];
const judged = await deviceJudge();
if (!judged) throw new Error('no device here');
const { run, close } = onDevice(judged.device, judged.facts, precision);
let failed = 0;
for (const entry of manifest(folder).filter(({ name }) => name.includes(part))) {
  const allowed = { f32: entry.tolerance, half: 2e-2, f16: Math.max(entry.tolerance, 2e-2) }[precision];
  for (const { title, judge } of await tasks(folder, entry)) {
    const start = performance.now();
    const { error, refused } = await judge(run).catch(thrown => ({ error: Number.POSITIVE_INFINITY, refused: String(thrown) }));
    const beyond = error !== null && !(error <= allowed);
    const stored = beyond && precision === 'f16' ? (await judge(rounded('half'))).error! : 0;
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
