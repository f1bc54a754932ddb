// `npm run soak [frames]`: 3,000 frames of 8×8 through RegSeg. A frame may not cost more for those that came before it, in time or memory:
// fails where the last tenth takes half as long again as the first, or holds more of the heap (10 MB) or of memory (50 MB).
import { load } from '../src/node/index.ts';
import { soak } from './frames.ts';

const frames = Number(process.argv[2] ?? 3000);
const model = await load('regseg-camvid', { precision: 'f32' });
const { first, last, heap, rss } = await soak(model, frames);
await model.dispose();
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
console.log(`${frames} frames of 8×8: ${first.toFixed(1)} ms a frame in the first tenth, ${last.toFixed(1)} in the last`);
console.log(`heap ${heap.map(megabytes).join(' → ')}, resident ${rss.map(megabytes).join(' → ')}`);
const faults = [
  last > 1.5 * first && 'later frames take longer',
  heap[1] - heap[0] > 10 * 2 ** 20 && 'the heap grows',
  rss[1] - rss[0] > 50 * 2 ** 20 && 'memory grows',
].filter(Boolean);
for (const fault of faults) console.log(`✘ ${fault}`);
if (faults.length > 0) process.exitCode = 1;
