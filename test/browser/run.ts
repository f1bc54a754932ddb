// `npm run test:browser [-- part of a file's name]`: builds, then runs the tests of this folder. Without a browser it says so and skips, except
// where CI=true: there a missing browser is a failure.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { missingBrowser } from './chromium.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const missing = await missingBrowser();
if (missing) {
  console.log(`skipped: tests in a browser: ${missing}`);
  process.exitCode = process.env.CI === 'true' ? 1 : 0;
} else {
  const tsx = (file: string, ...rest: string[]): boolean =>
    spawnSync(process.execPath, ['--import', 'tsx', file, ...rest], { cwd: root, stdio: 'inherit' }).status === 0;
  if (!(tsx('build.ts') && tsx('test/run.ts', 'test/browser/', ...process.argv.slice(2)))) process.exitCode = 1;
}
