// `bench` is a program of its own (it also runs alone, on machines that have nothing else): this starts it with the same words.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AtrousError } from '../errors.ts';
import { type Command, shared, sharedHelp } from './command.ts';

/** Its words; `bench/main.ts` runs them. */
export const description: Omit<Command, 'run'> = {
  usage:
    'bench [MODEL …] [--size HxW,…] [--precision P] [--variants V] [--runs N] [--steps] [--tune] [--peers] [--onnx FILE] [--against CHECKOUT] [--check] ' +
    '[--json FILE] [--html FILE] [--enable a,b] [--disable a,b]',
  about:
    'checks, then times MODEL, a name or an ONNX file, against the CPU reference and the adapter’s own limits; with --check only checks: every kernel row × variant, and the embedded golden',
  help: {
    ...sharedHelp,
    runs: 'timed runs, default as many as fit into some seconds',
    steps: 'time every step by itself, beside its floor',
    tune: 'time every variant of every kernel on the plan’s own steps, then every precision, and keep the fastest',
    peers: 'time onnxruntime on the same network, frames in turns',
    onnx: 'for --peers the ONNX file of a network that is named, with the seeded weights; its input says the size',
    against:
      'time nothing but frames of this checkout and of another one in turns, 15 pairs or more: median ratio and its quartiles',
    check: 'check every kernel and the embedded golden; time nothing',
    json: 'file to write the results to; a chart goes beside it, as .svg',
    html: 'file for a report: one page with the chart, tables, the adapter, and how to repeat it',
    enable: sharedHelp.enable,
    disable: sharedHelp.disable,
    help: 'this text',
    size: `${sharedHelp.size}; several with commas are also compared by the pixel; default 1024x2048, on a software adapter 128x256; DilatedNet its tile, 388x388`,
  },
  options: {
    size: shared.size,
    precision: shared.precision,
    variants: shared.variants,
    adapter: shared.adapter,
    runs: { type: 'string' },
    steps: { type: 'boolean' },
    tune: { type: 'boolean' },
    peers: { type: 'boolean' },
    onnx: { type: 'string' },
    against: { type: 'string' },
    check: { type: 'boolean' },
    json: { type: 'string' },
    html: { type: 'string' },
    enable: shared.enable,
    disable: shared.disable,
    help: { type: 'boolean' },
  },
};

export const bench: Command = {
  ...description,
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
