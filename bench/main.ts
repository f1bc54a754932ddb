// The benchmark as a program: `npm run bench`, `atrous bench`, or `node dist/bench.js` on a machine that has nothing but `webgpu`.

import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { description } from '../src/cli/bench.ts';
import {
  type Arguments,
  type Command,
  countOf,
  exactPrecisionOf,
  parse,
  parseSize,
  precisionOf,
  usage,
  variantsOf,
} from '../src/cli/command.ts';
import { type Output, output, runProgram } from '../src/cli/output.ts';
import { AtrousError } from '../src/errors.ts';
import { adapterName, factsOf } from '../src/gpu/device.ts';
import { learnLanguage } from '../src/gpu/language.ts';
import { measureLimits } from '../src/gpu/roofline.ts';
import { checkPrecision } from '../src/load.ts';
import { findNetwork } from '../src/models/registry.ts';
import { nodeDevice, shaderLibrary } from '../src/node/engine.ts';
import { checkFile, readBytes, resolveFrom, writeAtomic } from '../src/node/files.ts';
import { isModelFile } from '../src/node/onnx-file.ts';
import { softwareDawn } from '../src/node/software.ts';
import { precisionsOf, tuned, type VariantChoice } from '../src/plan/choose.ts';
import type { Precision } from '../src/shader/source.ts';
import { type Against, compareWith, LEAST_PAIRS, programOf } from './against.ts';
import { drawChart } from './chart.ts';
import { check } from './check.ts';
import { type EngineSpec, serve, startEngine, type Toggles } from './child.ts';
import { openEngine } from './engines.ts';
import { measure, type Result } from './measure.ts';
import { type Bench, familyOf, readModel, type Size, sizeText } from './network.ts';
import { readOnnx } from './onnx.ts';
import { benchPage } from './page.ts';
import { comparePeers, findOnnx, needPeers, type Peer, togglesFor } from './peers.ts';
import { comparePrecisions, fastestPrecision, type Precisions } from './precisions.ts';
import { printAgainst, printPeer, printPrecisions, printResult, printScaling, printSteps, printTuning } from './print.ts';
import { mergeReports, type Report, readReport, reportOf, reportText } from './report.ts';
import { type Scaling, scaling } from './scaling.ts';
import { fastestVariants, mergeTuning, type Tuning, tune } from './tune.ts';
import { SHIPPED, ship } from './tuned.ts';

/** The repository, or the folder of the package: this file lies one below, built or not. */
const root = fileURLToPath(new URL('..', import.meta.url));
/** Starts this program as an engine that answers to a parent. */
const AS_ENGINE = '--engine';
/** Run from its source, by what can run another checkout's too. */
const TYPESCRIPT = import.meta.url.endsWith('.ts');

interface Job {
  readonly models: readonly string[];
  /** Empty: the family's. */
  readonly sizes: readonly Size[];
  readonly precision: Precision;
  readonly variants: VariantChoice;
  readonly runs: number | undefined;
  readonly steps: boolean;
  readonly tune: boolean;
  /** `--tune` without --precision tunes and compares them all. */
  readonly compare: boolean;
  readonly peers: boolean;
  readonly onnx: string | null;
  /** Absolute. */
  readonly against: string | null;
  /** Absolute. */
  readonly json: string | null;
  /** Absolute. */
  readonly html: string | null;
  readonly words: readonly string[];
  readonly adapter: string | undefined;
  readonly toggles: Toggles;
}

const bench: Command = {
  ...description,
  async run(args) {
    const out = output(false);
    if (args.flag('help')) {
      out.block(usage(description));
      return 0;
    }
    checkAlone(args);
    const job = await jobOf(args);
    if (job.against) {
      await keep(await against(job, job.against, out), job, out);
      return 0;
    }
    const { device, note, source } = await nodeDevice({ adapter: job.adapter, ...job.toggles });
    if (note) out.note(note);
    let measured: Measured;
    try {
      if (job.models.some(model => familyOf(model).stated)) await learnLanguage(device);
      const [facts, library] = [factsOf(device), await shaderLibrary()];
      out.text(
        `adapter  ${adapterName(device.adapterInfo)}${facts.software ? ' — software: figures prove ratios, not speed' : ''}`,
      );
      const opened = { device, facts, library };
      if (args.flag('check')) return await check(opened, out);
      measured = await time(opened, job, out);
    } finally {
      device.destroy();
    }
    let peers: Peer[] = [];
    try {
      if (job.peers) peers = await compare(job, measured, source, out);
    } finally {
      await keep({ ...measured.report, peers }, job, out);
    }
    return 0;
  },
};

/** `--check` times nothing, so options of timing are a mistake. */
function checkAlone(args: Arguments): void {
  if (!args.flag('check')) return;
  const named = ['size', 'precision', 'variants', 'runs', 'json', 'html', 'onnx', 'against'].filter(
    option => args.text(option) !== undefined,
  );
  const flags = ['steps', 'tune', 'peers'].filter(option => args.flag(option));
  const words = [...args.positionals, ...[...flags, ...named].map(option => `--${option}`)];
  if (words.length > 0)
    throw new AtrousError('BAD_USAGE', `--check runs every kernel and the golden, and times nothing: leave out ${words.join(' ')}`);
}

/** The words, checked before anything is opened. */
async function jobOf(args: Arguments): Promise<Job> {
  const models = args.positionals.length > 0 ? args.positionals : ['regseg'];
  for (const name of models) {
    await (isModelFile(name) ? readModel(name, precisionOf(args)) : findNetwork(name));
    checkPrecision({ card: { int8: familyOf(name).stated } }, name, precisionOf(args));
  }
  const sizes =
    args.text('size') === undefined
      ? []
      : args
          .text('size')!
          .split(',')
          .map(size => parseSize('--size', size));
  const [tuning, peers, onnx] = [args.flag('tune'), args.flag('peers'), args.text('onnx')];
  // A size that a network does not take, before any device is opened.
  for (const name of models) for (const size of sizes) familyOf(name).build({ ...size, divide: 1 });
  const own = models.find(isModelFile);
  if (onnx !== undefined && own)
    throw new AtrousError('BAD_USAGE', `--onnx ${onnx}: ${own} is a file, and compared as it is: leave --onnx out`);
  if (tuning && (args.text('variants') ?? 'auto') !== 'auto')
    throw new AtrousError(
      'BAD_USAGE',
      `--tune times every variant and --variants ${args.text('variants')} names some: leave one out`,
    );
  if (onnx !== undefined && !peers)
    throw new AtrousError('BAD_USAGE', `--onnx ${onnx} is what --peers compares with: add --peers or leave --onnx out`);
  const against = args.text('against') === undefined ? null : resolveFrom(args.text('against')!);
  if (against) checkAgainst(args, against);
  const json = args.text('json') === undefined ? null : resolveFrom(args.text('json')!);
  for (const file of [json, json && chartOf(json)]) if (file) await checkFile(file, '--json');
  const html = args.text('html') === undefined ? null : resolveFrom(args.text('html')!);
  if (html) await checkFile(html, '--html');
  const job = {
    models,
    sizes: sizes.filter((size, n) => sizes.findIndex(other => sizeText(other) === sizeText(size)) === n),
    precision: exactPrecisionOf(args, true),
    variants: variantsOf(args),
    runs: args.text('runs') === undefined ? undefined : countOf(args, 'runs', 1),
    steps: args.flag('steps'),
    tune: tuning,
    compare: tuning && args.text('precision') === undefined,
    peers,
    onnx: onnx === undefined ? null : resolveFrom(onnx),
    against,
    json,
    html,
    words: args.words,
    adapter: args.text('adapter'),
    toggles: togglesOf(args),
  };
  const { onnx: file } = job;
  const checked = file ? { ...job, sizes: onnxSizes(job, await readBytes(file), file) } : job;
  if (peers) await needPeers();
  return checked;
}

/** `--against` times whole frames and nothing else. */
function checkAgainst(args: Arguments, checkout: string): void {
  const others = ['steps', 'tune', 'peers'].filter(option => args.flag(option));
  if (others.length > 0)
    throw new AtrousError(
      'BAD_USAGE',
      `--against times frames of two checkouts and nothing else: leave out --${others.join(' --')}`,
    );
  programOf(checkout, TYPESCRIPT);
  if (args.text('runs') !== undefined && countOf(args, 'runs', 1) < LEAST_PAIRS)
    throw new AtrousError(
      'BAD_USAGE',
      `--runs ${args.text('runs')}: --against needs ${LEAST_PAIRS} pairs or more to tell a ratio's spread`,
    );
}

/** `--tune` compares steps of microseconds, which Dawn's clock rounds to 65 unless told otherwise. */
function togglesOf(args: Arguments): Toggles {
  const [enable, disable] = [args.list('enable'), args.list('disable')];
  const finer = args.flag('tune') && ![...enable, ...disable].includes('timestamp_quantization');
  return { enable, disable: finer ? [...disable, 'timestamp_quantization'] : disable };
}

/** The one size that an ONNX file is for. Throws `BAD_USAGE` when the words say another. */
function onnxSizes({ models, sizes }: Pick<Job, 'models' | 'sizes'>, bytes: Uint8Array, file: string): Size[] {
  if (models.length > 1)
    throw new AtrousError('BAD_USAGE', `--onnx ${file} is one network, ${models.join(' ')} are ${models.length}`);
  const { input, output } = readOnnx(bytes, file);
  const [, , h, w] = input.shape;
  const classes = familyOf(models[0]).classes;
  if (output.shape[1] !== null && output.shape[1] !== classes)
    throw new AtrousError('BAD_USAGE', `--onnx ${file}: it has ${output.shape[1]} classes, ${models[0]} is timed with ${classes}`);
  if (!h || !w) return [...sizes];
  const other = sizes.find(size => size.h !== h || size.w !== w);
  if (other) throw new AtrousError('BAD_USAGE', `--size ${sizeText(other)}: --onnx ${file} takes ${h}x${w}; leave --size out`);
  return [{ h, w }];
}

interface Measured {
  readonly report: Report;
  readonly bench: Bench;
}

function sizesOf(job: Job, model: string, software: boolean): readonly Size[] {
  return job.sizes.length > 0 ? job.sizes : [familyOf(model).sizes[software ? 'software' : 'hardware']];
}

/** Everything that is timed on the one device: limits, variants, models, sizes beside each other. */
async function time(opened: Bench, job: Job, out: Output): Promise<Measured> {
  const { device, facts } = opened;
  const limits = await measureLimits(device, facts.software);
  out.text(
    `limits   ${limits.multiply_add_gflops} GFLOP/s multiply-add, ${limits.copy_gb_per_s} GB/s copy, ${limits.dispatch_us} µs a dispatch`,
  );
  let [bench, tuning]: [Bench, Tuning] = [opened, {}];
  const precisions: Precisions[] = [];
  if (job.tune) {
    const timed = job.models.flatMap(model => sizesOf(job, model, facts.software).map(size => ({ model, size })));
    for (const { model, size } of timed) {
      for (const precision of job.compare ? precisionsOf(facts.features) : [job.precision]) {
        out.progress(`tuning ${model} ${sizeText(size)} ${precision}`);
        tuning = mergeTuning(tuning, await tune(opened, model, size, precision));
      }
    }
    out.block(printTuning(tuning));
    const tunedBy = (precision: Precision): Bench => {
      const { id } = facts;
      return id ? { ...opened, tuned: { ...tuned, [id]: { precision, variants: fastestVariants(tuning) } } } : opened;
    };
    for (const { model, size } of job.compare ? timed : []) {
      out.progress(`timing ${model} ${sizeText(size)} in every precision`);
      const found = await comparePrecisions(tunedBy('f32'), model, size, job.runs);
      out.block(printPrecisions(found));
      precisions.push(found);
    }
    bench = tunedBy(fastestPrecision(precisions));
  }
  const results: Result[] = [];
  const scalings: Scaling[] = [];
  for (const model of job.models) {
    const sizes = sizesOf(job, model, facts.software);
    for (const size of sizes) {
      out.progress(`timing ${model} ${sizeText(size)}`);
      // The chart is drawn from the steps.
      const wish = { ...job, model, size, steps: job.steps || job.json !== null || job.html !== null };
      const first = results.length === 0 && !job.tune;
      const result = await (first
        ? measure(bench, limits, wish)
        : onNewDevice(job, device => measure({ ...bench, device }, limits, wish)));
      out.block(printResult(result, facts.software));
      if (job.steps) out.block(printSteps(result));
      results.push(result);
    }
    if (sizes.length < 2) continue;
    out.progress(`timing ${model} at ${sizes.length} sizes in turns`);
    const found = await scaling(bench, { ...job, model }, sizes, job.runs);
    out.text('');
    for (const each of found) out.block(printScaling(each));
    scalings.push(...found);
  }
  const report = reportOf(facts, limits, {
    toggles: job.toggles,
    results,
    peers: [],
    against: [],
    scaling: scalings,
    tuning,
    precisions,
  });
  return { report, bench };
}

/** A device keeps the pipelines that it has compiled, and a first frame is one on a device that has compiled nothing. */
async function onNewDevice<T>({ adapter, toggles }: Job, work: (device: GPUDevice) => Promise<T>): Promise<T> {
  const { device } = await nodeDevice({ adapter, ...toggles });
  try {
    return await work(device);
  } finally {
    device.destroy();
  }
}

/** What a process of its own is told of a precision: files of int8 codes say it themselves, an ONNX file has other readings. */
function wordOf(model: string, precision: Precision): string {
  return (model.endsWith('.onnx') && familyOf(model).stated) || precision;
}

async function compare(job: Job, { report, bench }: Measured, source: string, out: Output): Promise<Peer[]> {
  const { models, precision, variants, adapter } = job;
  const toggles = togglesFor(job.toggles);
  const env = await driversOf(source);
  const start = (spec: EngineSpec) => startEngine(fileURLToPath(import.meta.url), [AS_ENGINE], spec.engine === 'atrous' ? {} : env);
  const peers: Peer[] = [];
  for (const model of models) {
    for (const size of sizesOf(job, model, report.limits.software)) {
      out.progress(`comparing ${model} ${sizeText(size)}`);
      const onnx = isModelFile(model) ? resolveFrom(model) : (job.onnx ?? findOnnx(root, model, size));
      const match = { model, size, precision: wordOf(model, precision), variants, adapter, tuned: bench.tuned, toggles };
      const found = await comparePeers(match, onnx, start, job.runs);
      out.text(`\n${model} ${sizeText(size)} beside others${onnx ? `, ${basename(onnx)}` : ''}`);
      for (const peer of found) out.block(printPeer(peer));
      peers.push(...found);
    }
  }
  return peers;
}

/** Frames of this checkout and of another, each by its own program in its own process. */
async function against(job: Job, checkout: string, out: Output): Promise<Report> {
  const { models, precision, variants, adapter, toggles, runs } = job;
  const { device, note } = await nodeDevice({ adapter, ...toggles });
  if (note) out.note(note);
  const [facts, limits] = [factsOf(device), await measureLimits(device, factsOf(device).software)];
  device.destroy();
  out.text(`adapter  ${facts.name}${facts.software ? ' — software: figures prove ratios, not speed' : ''}`);
  const programs = { here: fileURLToPath(import.meta.url), there: programOf(checkout, TYPESCRIPT) };
  const found: Against[] = [];
  for (const model of models) {
    for (const size of sizesOf(job, model, facts.software)) {
      out.progress(`timing ${model} ${sizeText(size)} here and there`);
      const spec = { engine: 'atrous', model, size, precision: wordOf(model, precision), variants, adapter, toggles };
      const each = await compareWith(checkout, spec, where => startEngine(programs[where], [AS_ENGINE]), runs);
      out.block(printAgainst(each));
      found.push(each);
    }
  }
  return reportOf(facts, limits, { toggles, results: [], peers: [], against: found, scaling: [], tuning: {}, precisions: [] });
}

/** onnxruntime has a Dawn of its own, which has to find the driver that ours found. */
async function driversOf(source: string): Promise<NodeJS.ProcessEnv> {
  if (!source.startsWith('SwiftShader')) return {};
  const { folder } = await softwareDawn();
  return { LD_LIBRARY_PATH: [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':') };
}

/** The chart lies beside the file; a pipe or a terminal has none. */
function chartOf(file: string): string | null {
  const special = existsSync(file) && !statSync(file).isFile();
  return special ? null : `${file.replace(/\.json$/i, '')}.svg`;
}

/** Writes what was asked for: the run's own file and chart, the adapter's, what ships. */
async function keep(report: Report, job: Job, out: Output): Promise<void> {
  const results = job.steps ? report.results : report.results.map(({ steps: _, ...result }) => result);
  const written = { ...report, results };
  if (job.json) {
    const { adapter, limits, peers } = report;
    const chart = report.results.length > 0 ? chartOf(job.json) : null;
    await writeAtomic(job.json, reportText(written));
    if (chart) await writeAtomic(chart, drawChart({ adapter, software: limits.software, results: report.results, peers }));
    out.text(`wrote    ${job.json}${chart ? ` and ${chart}` : ''}`);
  }
  if (job.html) {
    await writeAtomic(job.html, benchPage(report, job.words));
    out.text(`wrote    ${job.html}`);
  }
  if (!job.tune) return;
  const folder = existsSync(join(root, 'bench')) ? join(root, 'bench/results') : resolveFrom('.');
  const file = join(folder, `${report.id}.json`);
  await writeAtomic(file, reportText(mergeReports(await readReport(file), written)));
  out.text(`wrote    ${file}`);
  if (await ship(root)) out.text(`wrote    ${join(root, SHIPPED)}`);
  else out.text(`         the fastest ship once that file lies in the repository's bench/results: npx tsx bench/ship.ts`);
}

if (process.argv[2] === AS_ENGINE && process.send) serve(openEngine);
else await runProgram(() => bench.run(parse('bench', bench, process.argv.slice(2))));
