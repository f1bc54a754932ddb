// Networks and single forms as exporters write them, on the CPU: within 1e-5 of the largest value of float64's outputs, or refused for the reason
// that is known. `tsx test/onnx/device.ts` runs them on a device.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shared } from '../shared.ts';
import { manifest, onCpu, tasks } from './networks.ts';
import { REFUSED } from './refused.ts';

const folder = shared('onnx/networks', 'imported networks are only the small ones that tests make themselves');
const TOLERANCE = { f32: 1e-5, f16: 3e-2, int8: 5e-2, classes: 2e-3 };

for (const entry of folder ? manifest(folder) : []) {
  for (const { title, judge } of await tasks(folder!, entry)) {
    test(title, async () => {
      const { error, refused } = await judge(onCpu);
      if (error === null) assert.is(refused, REFUSED.get(title));
      else {
        assert.not.ok(REFUSED.has(title), 'it is refused no more');
        assert.ok(error <= TOLERANCE[entry.kind], `off by ${error}`);
      }
    });
  }
}

test.run();
