// A program for tests that need `eval` in processes of their own: its words and environment are real, its model is the fake one.

import { runProgram } from '../../src/cli/output.ts';
import { runFake } from './fake-model.ts';

await runProgram(async () => {
  const { code, stdout, stderr } = await runFake(process.argv.slice(2));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return code;
});
