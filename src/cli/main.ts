#!/usr/bin/env node
// The command line: one table of commands, one place where errors become a line and an exit code.
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AtrousError } from '../errors.ts';
import { bench } from './bench.ts';
import { type Command, parse, usage } from './command.ts';
import { convert } from './convert.ts';
import { doctor } from './doctor.ts';
import { evaluate } from './eval.ts';
import { inspect } from './inspect.ts';
import { models } from './models.ts';
import { complain, runProgram } from './output.ts';
import { pull } from './pull.ts';
import { run } from './run.ts';
import { segment } from './segment.ts';

export const commands: Readonly<Record<string, Command>> = {
  segment,
  run,
  inspect,
  convert,
  eval: evaluate,
  pull,
  bench,
  models,
  doctor,
};

/** Runs one command. Exit codes: 0 done, 1 failed, 2 wrong usage. */
export async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
      process.stdout.write(`${overview()}\n`);
      return name === undefined ? 2 : 0;
    }
    if (name === '--version') {
      process.stdout.write(`${version()}\n`);
      return 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new AtrousError('BAD_USAGE', `no command "${name}"; there are ${Object.keys(commands).join(', ')}`);
    if (rest.includes('--help') || rest.includes('-h')) {
      process.stdout.write(`${usage(command)}\n`);
      return 0;
    }
    return await command.run(name === 'bench' ? verbatim(rest) : parse(name, command, rest));
  } catch (error) {
    return complain(error);
  }
}

/** Of the package: one folder above a build, two above this file. */
function version(): string {
  const place = import.meta.url.includes('/src/cli/') ? '../../package.json' : '../package.json';
  return JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')).version;
}

/** `bench` is a program of its own and reads its words itself. */
function verbatim(words: readonly string[]): ReturnType<typeof parse> {
  return { words: [], positionals: words, text: () => undefined, flag: () => false, list: () => [] };
}

function overview(): string {
  const rows = Object.values(commands).map(({ usage: line, about }) => `  ${line}\n      ${about}`);
  return `atrous: semantic segmentation on WebGPU\n\n${rows.join('\n')}\n\n  atrous <command> --help tells more; sizes are height×width; exit code 0 done, 1 failed, 2 wrong usage`;
}

// Only when run as a program: `npm start` and tests import this file.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await runProgram(() => main(process.argv.slice(2)));
}
