// `npm run test:predict [part of a name]`: all pictures that DilatedNet's published code has predicted. Six minutes on a software adapter, so `npm test`
// has the cheapest alone.
import { test } from 'uvu';
import { shareDevice } from './cli/one-device.ts';
import { judgePrediction, pictures } from './cli/predicted.ts';

const [filter = ''] = process.argv.slice(2);
const done = await shareDevice();
for (const picture of [...pictures.keys()].filter(name => name.includes(filter))) {
  (done ? test : test.skip)(picture, async () => {
    const start = performance.now();
    const { same, worst } = await judgePrediction(picture);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    const apart = worst === null ? '' : `, probabilities within ${worst.toExponential(1)}`;
    console.log(`${picture}: ${(same * 100).toFixed(4)} % of the classes are equal${apart} (${seconds} s)`);
  });
}
test.after(() => done?.());
test.run();
