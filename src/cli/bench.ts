// `bench` is a program of its own (it also runs alone, on machines that have nothing else): this starts it with the same words.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AtrousError } from '../errors.ts';
import type { Command } from './command.ts';

export const bench: Command = {
  usage: 'bench [MODEL …] [--size HxW] [--precision P] [--runs N] [--steps] [--check] [--json FILE] [--enable a,b] [--disable a,b]',
  about: 'checks, then times: FPS and latency against the CPU reference and the adapter’s own limits',
  help: {},
  options: {},
  async run(args) {
    const places = ['../../bench/main.ts', './bench.js'].map(place => fileURLToPath(new URL(place, import.meta.url)));
    const program = places.find(place => existsSync(place));
    if (!program)
      throw new AtrousError('NO_FILE', `the benchmark is missing: neither ${places.join(' nor ')} exists; npm run build makes it`);
    const child = spawn(process.execPath, [...process.execArgv, program, ...args.positionals], { stdio: 'inherit' });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', code => resolve(code ?? 1));
    });
  },
};
