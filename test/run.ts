// `npm test [parts of a file's name]`: every test file in a process of its own, two at a time, and at the end which judges sat. Those of
// test/browser/ need a build and a browser: test/browser/run.ts calls for them by that name. `--shared`: only those that read what may lie beside the
// project's folder.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { JUDGED, MISSING } from './record.ts';

/** Every judge, in the order of their trust. */
const JUDGES = ['reference', 'interpreter', 'compiler', 'device'];
const AT_ONCE = Math.min(2, availableParallelism());
/** A guard against what hangs: the longest file takes two minutes of an idle core, five times that on a busy machine. */
const LIMIT_MS = 10 * 60 * 1000;
/** Runs the tables that lie beside it. */
const TABLES = 'test/kernels/conformance.test.ts';
const BROWSER = 'test/browser/';
/** Finds what lies beside the project's folder. */
const SHARED = 'test/shared.ts';
/** How many of the slowest files are named at the end. */
const SLOWEST = 5;

interface Job {
  readonly name: string;
  readonly args: readonly string[];
}

interface Result {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly output: string;
  /** Why a process that ended without a failing test is a failure all the same, or null. */
  readonly fault: string | null;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);
const parts = words.filter(word => word !== '--shared');
const queue = jobs().filter(
  ({ name }) => parts.every(part => name.includes(part)) && (words.length === parts.length || imports(name, SHARED)),
);
const results: Result[] = [];
const widest = Math.max(0, ...queue.map(({ name }) => name.length));
await Promise.all(Array.from({ length: AT_ONCE }, work));
report();

/** Test files by name; a kernel's table is run by the file that runs tables, once a table. */
function jobs(): Job[] {
  const files = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' }).map(file => `test/${file.replaceAll('\\', '/')}`);
  const wanted = (file: string): boolean => file !== TABLES && file.startsWith(BROWSER) === (parts[0] === BROWSER);
  const tests = files.filter(file => file.endsWith('.test.ts') && wanted(file)).sort();
  return tests.map(name => {
    const table = /^test\/kernels\/(\w+)\.test\.ts$/.exec(name)?.[1];
    return { name, args: table && table !== 'complete' ? [TABLES, table] : [name] };
  });
}

/** Whether a file of this folder imports another, by itself or by what it imports. */
function imports(name: string, wanted: string, seen = new Set<string>()): boolean {
  if (name === wanted) return true;
  if (seen.has(name)) return false;
  seen.add(name);
  const paths = [...readFileSync(join(root, name), 'utf8').matchAll(/ from '(\.[^']+)';$/gm)].map(([, path]) =>
    posix.join(name, '..', path),
  );
  return paths.some(path => imports(path, wanted, seen));
}

async function work(): Promise<void> {
  for (let job = queue.shift(); job; job = queue.shift()) {
    const result = await run(job);
    results.push(result);
    const { passed, failed, skipped, seconds, fault } = result;
    const counts = `${passed} passed${failed ? `, ${failed} failed` : ''}${skipped ? `, ${skipped} skipped` : ''}`;
    console.log(`${failed ? '✘' : '•'} ${job.name.padEnd(widest)} ${seconds.toFixed(1).padStart(6)} s  ${fault ?? counts}`);
    if (failed) console.log(`${indent(result.output)}\n  again: npx tsx ${job.args.join(' ')}`);
  }
}

function run({ name, args }: Job): Promise<Result> {
  const start = performance.now();
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, LIMIT_MS);
  return new Promise(resolve => {
    const finish = (code: number | null, signal: string | null): void => {
      clearTimeout(timer);
      const output = stripVTControlCharacters(Buffer.concat(chunks).toString());
      const end = late
        ? `stopped after ${LIMIT_MS / 60000} minutes`
        : code === 0
          ? null
          : `ended with ${signal ?? `exit code ${code}`}`;
      resolve({ ...judge(output, end), name, seconds: (performance.now() - start) / 1000, output });
    };
    child.on('close', finish);
    // Children of a process that was stopped may hold its pipes for ever.
    child.on('exit', (code, signal) => late && finish(code, signal));
  });
}

/** A process that ends badly, runs nothing or stops before uvu's totals has failed once, whatever it said before. */
function judge(output: string, end: string | null): Pick<Result, 'passed' | 'failed' | 'skipped' | 'fault'> {
  const [total, passed, skipped] = ['Total', 'Passed', 'Skipped'].map(word => {
    const counts = [...output.matchAll(new RegExp(`^ +${word}: +(\\d+)$`, 'gm'))];
    return counts.length ? Number(counts.at(-1)![1]) : null;
  });
  if (total === null || passed === null || skipped === null)
    return { passed: 0, failed: 1, skipped: 0, fault: `no totals: ${end ?? 'it ended early'}` };
  if (passed < total) return { passed, failed: total - passed, skipped, fault: null };
  if (end) return { passed, failed: 1, skipped, fault: end };
  if (passed === 0) return { passed, failed: 1, skipped, fault: 'no test passed' };
  return { passed, failed: 0, skipped, fault: null };
}

function indent(output: string): string {
  return output.trimEnd().replace(/^/gm, '  ');
}

function report(): void {
  // uvu's marks of finished tests have no line of their own.
  const lines = results.flatMap(({ output }) => output.split('\n')).map(line => line.replace(/^.*[•✘] (?=skipped: )/, ''));
  for (const line of new Set(lines.filter(each => each.startsWith('skipped:')))) console.log(line);
  console.log(`judges: ${JUDGES.map(name => describeJudge(name, lines)).join('; ')}`);
  const slow = results.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  if (results.length > SLOWEST)
    console.log(`slowest: ${slow.map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`).join(', ')}`);
  const sum = (key: 'passed' | 'failed' | 'skipped'): number => results.reduce((total, result) => total + result[key], 0);
  const none = results.length === 0;
  if (none) console.log(`no test file has "${parts.join('" and "')}" in its name`);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed${sum('skipped') ? `, ${sum('skipped')} skipped` : ''}`);
  if (none || sum('failed') > 0 || sum('passed') === 0) process.exitCode = 1;
}

/** A judge may have sat under several names, such as two adapters. */
function describeJudge(name: string, lines: readonly string[]): string {
  const sittings = new Map<string, number>();
  for (const line of lines) {
    const [, judge, who, checks] = JUDGED.exec(line) ?? [];
    if (judge === name) sittings.set(who, (sittings.get(who) ?? 0) + Number(checks));
  }
  const missing = lines.map(line => MISSING.exec(line)).find(match => match?.[1] === name);
  const said = [...sittings].map(([who, checks]) => `${who}, ${checks} checks`);
  if (missing) said.push(`MISSING: ${missing[2]}`);
  return `${name}: ${said.length ? said.join(' and ') : 'not called'}`;
}
