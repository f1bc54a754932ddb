// `npm run fuzz -- [--count N] [--seed S] [--reader NAME] [--from I]`: N damaged files in turns of all readers (or one), from mutant I of the seed on.
// They are read in a process of its own, so that one that hangs or ends it is named too. Exit code 1 where anything is wrong.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge } from './judge.ts';
import { readers } from './readers.ts';

/** Milliseconds after which a mutant hangs. */
const HANGS = 60_000;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    reader: { type: 'string' },
    from: { type: 'string', default: '0' },
  },
});
const [count, seed, from] = [values.count, values.seed, values.from].map(Number);
const used = readers.filter(({ name }) => values.reader === undefined || name === values.reader);
if (used.length === 0 || ![count, seed, from].every(Number.isSafeInteger)) {
  console.error(
    `fuzz: whole numbers behind --count, --seed and --from; --reader is one of ${readers.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

/** Of the number of a mutant in the whole run. */
function placeOf(n: number): { readonly reader: (typeof readers)[number]; readonly index: number } {
  return { reader: used[n % used.length], index: from + Math.floor(n / used.length) };
}

function again(n: number): string {
  const { reader, index } = placeOf(n);
  return `npm run fuzz -- --reader ${reader.name} --seed ${seed} --from ${index} --count 1`;
}

if (process.send) {
  process.once('message', async start => {
    for (let n = Number(start); n < count; n++) {
      const { reader, index } = placeOf(n);
      process.send!({ n });
      process.send!({ n, verdict: await judge(reader, seed, index) });
    }
    process.disconnect();
  });
} else {
  console.log(`seed ${seed}, ${count} files of ${used.map(({ name }) => name).join(', ')}`);
  const begin = performance.now();
  let [read, faults, next] = [0, 0, 0];
  const fault = (n: number, text: string): void => {
    faults++;
    console.log(`✘ ${again(n)}: ${text}`);
  };
  while (next < count) {
    const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { execArgv: process.execArgv });
    let last = next;
    let timer = setTimeout(() => child.kill('SIGKILL'), HANGS);
    child.on('message', ({ n, verdict }: { n: number; verdict?: Awaited<ReturnType<typeof judge>> }) => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), HANGS);
      last = n;
      if (!verdict) return;
      next = n + 1;
      read += Number(verdict.read);
      if (verdict.fault !== null) fault(n, `${verdict.title}: ${verdict.fault}`);
    });
    child.send(next);
    const end = await new Promise(resolve => child.on('exit', (code, signal) => resolve(signal ?? code)));
    clearTimeout(timer);
    if (next >= count) break;
    fault(last, end === 'SIGKILL' ? `hangs for ${HANGS / 1000} s` : `ended the process with ${end}`);
    next = last + 1;
  }
  const seconds = (performance.now() - begin) / 1000;
  console.log(`${count} files, ${read} read, ${count - read - faults} refused, ${faults} faults, ${seconds.toFixed(0)} s`);
  if (faults > 0) process.exitCode = 1;
}
