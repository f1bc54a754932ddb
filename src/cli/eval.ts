// How good a model is on a data set: class maps against labels, one confusion matrix, the scores that papers report.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { AtrousError, type ErrorCode } from '../errors.ts';
import { IGNORE, type Matching, matchClasses } from '../eval/classes.ts';
import { type Confusion, countConfusion, emptyConfusion, isCityscapes, mergeConfusions, scoresOf } from '../eval/confusion.ts';
import { cityscapesIds, type DataSet, findData, layouts, readLabels, type Sample, type Tree } from '../eval/layouts.ts';
import { type Done, type Facts, parseState, printState } from '../eval/state.ts';
import { checkFit, thresholdOf } from '../front/options.ts';
import { printSize } from '../image/size.ts';
import type { LoadedWeights } from '../load.ts';
import { cityscapes } from '../models/palettes.ts';
import { checkFolder, readBytes, resolveFrom, writeAtomic } from '../node/files.ts';
import { type Photograph, readImage } from '../node/photograph.ts';
import { openTree } from '../node/tree.ts';
import type { Segmenter } from '../segmenter.ts';
import { type Arguments, type Command, type Inside, insideOf, onePositional, shared, sharedHelp } from './command.ts';
import { type Output, output, percent } from './output.ts';
import { openSegmenter } from './segmenter.ts';
import { settingsOf } from './settings.ts';
import { openWeights } from './weights.ts';

/** Errors that are one picture's own; any other ends the run. */
const OWN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['BAD_IMAGE', 'NO_FILE', 'LIMIT']);
/** A killed run loses at most what was done in this time, and a state of many pictures is not written for each. */
const SAVE_MS = 1000;

const { model: _positional, ...options } = shared;

export const evaluate: Command = {
  usage:
    `eval MODEL [-w WEIGHTS] [--card FILE] [--labels FILE] --data DIR [--layout ${[...layouts.keys()].join('|')}] ` +
    '[--split NAME] [--size HxW] [--tile published|none|HxW] [--threshold T] [--resume] [-o DIR] [--submission DIR]',
  about: 'confusion matrix, IoU per class, mIoU and pixel accuracy on pictures with labels',
  help: {
    ...sharedHelp,
    output: 'folder for the state of --resume, <model>.eval.json, default ./out',
    labels: `${sharedHelp.labels}; instead of the card's, to be matched with the data's`,
    data: 'folder of the data set',
    layout: 'how it is laid out; default: the first that fits. pairs = images/, labels/ (grey or palette PNG, values = classes)',
    split: 'train, val, test …; default val, for camvid test',
    resume: 'keep a state file, and leave out the pictures that it says are done',
    submission: 'folder for predictions in label ids, as the Cityscapes test server takes them: <picture>_pred.png',
  },
  options: {
    ...options,
    data: { type: 'string' },
    layout: { type: 'string' },
    split: { type: 'string' },
    resume: { type: 'boolean' },
    submission: { type: 'string' },
  },
  run: args => evaluateData(args, output(args.flag('json'))),
};

/** What is evaluated, and how. */
interface Job {
  readonly model: string;
  readonly tree: Tree;
  readonly data: DataSet & { readonly layout: string };
  /** The model's classes. */
  readonly names: readonly string[];
  /** Null where the largest channel wins. */
  readonly threshold: number | null;
  /** Null: the labels are the model's own classes. */
  readonly matching: Matching | null;
  readonly inside: Inside;
  readonly submission: string | null;
  /** The state file of `--resume`. */
  readonly file: string | null;
}

interface Loaded {
  readonly pixels: Photograph;
  /** Class of the model per pixel, 255 for none; null for a picture without labels. */
  readonly labels: Uint8Array | null;
  readonly unknown: number;
  /** Empty where nobody asks. */
  readonly sha256: string;
}

/** What `evaluateData` needs of a model. */
export type Classifier = Pick<Segmenter, 'segment' | 'facts' | 'precision' | 'dispose'>;

export interface Hooks {
  /** Hears of every picture that is done; its error ends the run. */
  readonly onPicture?: (picture: string) => void;
  /** Instead of a model on a device. */
  readonly open?: (weights: LoadedWeights) => Promise<Classifier>;
}

/** Returns the exit code: 0, or 1 when a picture failed. Throws `BAD_USAGE` for options and data that do not fit. */
export async function evaluateData(args: Arguments, out: Output, { onPicture, open }: Hooks = {}): Promise<number> {
  const model = onePositional('eval', args, 'MODEL');
  const { job, weights } = await prepare(model, args);
  const segmenter = await (open?.(weights) ?? openSegmenter(weights, args, out));
  try {
    const adapter = await segmenter.facts();
    const { precision } = segmenter;
    const { samples, layout, split } = job.data;
    out.text(`adapter  ${adapter.name}${adapter.software ? ' — software, slow' : ''}`);
    out.text(`model    ${weights.network.name} (${weights.network.canonical}), ${job.names.length} classes, ${precision}`);
    out.text(`data     ${job.tree.root}, ${layout}${split === null ? '' : ` ${split}`}, ${samples.length} pictures`);
    out.text(`labels   ${job.matching ? `matched by ${job.matching.by}` : "are the model's classes"}`);
    const facts = factsOf(job, weights, args, { adapter: adapter.name, precision });
    const done = await resume(job, facts, out);
    const failed = await evaluateSamples(job, segmenter, facts, done, out, onPicture);
    report(job, done, failed, out);
    if (failed.length > 0) out.note(`${failed.length} of ${samples.length} pictures failed: ${failed.join(', ')}`);
    return failed.length > 0 ? 1 : 0;
  } finally {
    await segmenter.dispose();
  }
}

/** All that can be refused before a device is opened. */
async function prepare(model: string, args: Arguments): Promise<{ job: Job; weights: LoadedWeights }> {
  const folder = args.text('data');
  if (!folder) throw new AtrousError('BAD_USAGE', 'eval needs --data: the folder of a data set, pictures with labels');
  const submission = args.text('submission');
  const tree = openTree(resolveFrom(folder));
  const wanted = { layout: args.text('layout'), split: args.text('split'), needLabels: submission === undefined };
  const inside = insideOf(args);
  const data = await findData(tree, wanted);
  const weights = await openWeights(model, args);
  checkFit(weights, inside);
  const names = weights.card.classes;
  const matching = data.classes && matchClasses(data.classes, names, `--data ${tree.root}`);
  if (submission !== undefined && !(data.layout === 'cityscapes' && isCityscapes(names))) {
    throw new AtrousError(
      'BAD_USAGE',
      `--submission is for Cityscapes: the layout is ${data.layout}, the model has ${names.length} classes; leave it out`,
    );
  }
  const output = resolveFrom(args.text('output') ?? 'out');
  const file = args.flag('resume') ? join(output, `${model}.eval.json`) : null;
  if (file !== null) await checkFolder(output);
  return {
    job: {
      model,
      tree,
      data,
      names,
      threshold: thresholdOf(weights.network, inside),
      matching,
      inside,
      submission: submission === undefined ? null : resolveFrom(submission),
      file,
    },
    weights,
  };
}

/** Evaluates what is not in `done` and adds it there. Returns the pictures that failed. */
async function evaluateSamples(
  job: Job,
  segmenter: Classifier,
  facts: Facts,
  done: Map<string, Done>,
  out: Output,
  onPicture: Hooks['onPicture'],
): Promise<string[]> {
  const { data, names, inside } = job;
  const todo = data.samples.filter(({ picture }) => !done.has(picture));
  const failed: string[] = [];
  const loading: Promise<Loaded>[] = [];
  let sum = sumOf(job, done);
  let unknown = 0;
  let saved = performance.now();
  const save = async (): Promise<void> => {
    if (job.file !== null) await writeAtomic(job.file, printState(facts, names.length, done));
    saved = performance.now();
  };
  try {
    for (const [index, sample] of todo.entries()) {
      // The next picture is decoded while this one is on the device.
      while (loading.length < Math.min(index + 2, todo.length)) {
        const next = loadSample(job, todo[loading.length]);
        // Its error is met when its turn comes.
        next.catch(() => {});
        loading.push(next);
      }
      const { miou } = scoresOf(sum, names);
      const label = `${data.samples.length - todo.length + index + 1}/${data.samples.length} ${basename(sample.picture)}`;
      out.progress(`${label}${miou === null ? '' : `, mIoU so far ${percent(miou)}`}`);
      try {
        const { pixels, labels, sha256, unknown: strange } = await loading[index];
        delete loading[index];
        const { classes } = await segmenter.segment(pixels, {
          ...inside,
          onProgress: ({ phase, done: n, total }) =>
            out.progress(`${label}: ${phase === 'tile' ? 'tile' : 'compiling'} ${n}/${total}`),
        });
        if (job.submission !== null)
          await writeAtomic(submissionFile(job.submission, sample), await labelIds(classes, pixels, names));
        const confusion = labels ? countConfusion(classes, labels, names.length, IGNORE) : emptyConfusion(names.length);
        sum = mergeConfusions(names.length, [sum, confusion]);
        unknown += strange;
        done.set(sample.picture, { sha256, confusion });
      } catch (error) {
        if (!(error instanceof AtrousError) || !OWN.has(error.code)) throw error;
        failed.push(sample.picture);
        out.note(`atrous: ${error.message}`);
        continue;
      }
      if (performance.now() - saved > SAVE_MS) await save();
      onPicture?.(sample.picture);
    }
  } finally {
    await save();
  }
  if (unknown > 0) out.note(`${unknown} label pixels have colours that are no class's: they do not count`);
  return failed;
}

/** Throws `BAD_IMAGE` when picture and labels differ in size: resampling either would change what is measured. */
async function loadSample({ tree, data, matching, submission, file }: Job, sample: Sample): Promise<Loaded> {
  const pixels = await readImage(join(tree.root, sample.picture));
  const sha256 = file === null ? '' : await hashSample(tree, sample);
  if (sample.label === null && submission !== null) return { pixels, labels: null, unknown: 0, sha256 };
  const labels = await readLabels(tree, data, sample);
  if (labels.width !== pixels.width || labels.height !== pixels.height) {
    const [picture, label] = [pixels, labels].map(({ height: h, width: w }) => printSize({ h, w }));
    throw new AtrousError(
      'BAD_IMAGE',
      `${tree.root}: ${sample.picture} is ${picture} and its labels, ${sample.label}, are ${label}: give both at one size`,
    );
  }
  const classes = matching ? labels.data.map(value => matching.table[value]) : labels.data;
  return { pixels, labels: classes, unknown: labels.unknown, sha256 };
}

/**
 * The pictures that the state file says are done; none without `--resume`. Throws `BAD_USAGE` when it was made with other weights,
 * options or data.
 */
async function resume({ file, tree, data, names, submission }: Job, facts: Facts, out: Output): Promise<Map<string, Done>> {
  const nothing = new Map<string, Done>();
  if (file === null || !(await exists(file))) return nothing;
  const done = parseState(new TextDecoder().decode(await readBytes(file)), file, facts, names.length);
  const samples = new Map(data.samples.map(sample => [sample.picture, sample]));
  const next = 'remove the file, or choose another folder with --output';
  for (const [picture, { sha256 }] of done) {
    const sample = samples.get(picture);
    if (!sample)
      throw new AtrousError('BAD_USAGE', `--resume: ${file} counts ${picture}, and ${tree.root} has no such picture: ${next}`);
    const now = await hashSample(tree, sample);
    if (now !== sha256) {
      throw new AtrousError(
        'BAD_USAGE',
        `--resume: ${file} counts ${picture} with its labels as ${sha256}, and in ${tree.root} they are ${now}: ${next}`,
      );
    }
    // Its prediction is wanted too: then the picture is done once more.
    if (submission !== null && !(await exists(submissionFile(submission, sample)))) done.delete(picture);
  }
  out.note(`${done.size} of ${samples.size} pictures are done already, says ${file}`);
  return done;
}

/** SHA-256 of a picture's bytes and its labels', each with its length before it. */
async function hashSample(tree: Tree, { picture, label }: Sample): Promise<string> {
  const hash = createHash('sha256');
  for (const path of [picture, label]) {
    const bytes = path === null ? new Uint8Array() : await tree.read(path);
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest('hex');
}

function factsOf({ data, matching, file }: Job, weights: LoadedWeights, args: Arguments, device: Facts): Facts {
  // Only a state file has use for the hash of what may be half a gigabyte.
  if (file === null) return {};
  return {
    ...settingsOf(weights, args),
    layout: data.layout,
    split: data.split ?? 'none',
    'meaning of the labels': createHash('sha256')
      .update(JSON.stringify([[...data.stored], matching && [...matching.table]]))
      .digest('hex'),
    ...device,
  };
}

/** An 8-bit grey PNG of label ids, as the Cityscapes test server takes it. */
async function labelIds(classes: Uint8Array, { width, height }: Photograph, names: readonly string[]): Promise<Uint8Array> {
  const ids = names.map(name => cityscapesIds[cityscapes.labels.indexOf(name.toLowerCase())]);
  const { default: sharp } = await import('sharp');
  const raw = { width, height, channels: 1 } as const;
  return sharp(
    classes.map(value => ids[value]),
    { raw },
  )
    .toColourspace('b-w')
    .png()
    .toBuffer();
}

function submissionFile(folder: string, { picture }: Sample): string {
  return join(folder, `${basename(picture, extname(picture))}_pred.png`);
}

function sumOf({ names }: Job, done: ReadonlyMap<string, Done>): Confusion {
  return mergeConfusions(
    names.length,
    [...done.values()].map(({ confusion }) => confusion),
  );
}

function report(job: Job, done: ReadonlyMap<string, Done>, failed: readonly string[], out: Output): void {
  const { names, data } = job;
  const sum = sumOf(job, done);
  const scores = scoresOf(sum, names);
  const counted = data.samples.filter(({ picture, label }) => label !== null && done.has(picture)).length;
  out.json({
    model: job.model,
    data: job.tree.root,
    layout: data.layout,
    pictures: counted,
    ...(job.threshold !== null && { threshold: job.threshold }),
    miou: scores.miou,
    miou_r: scores.miouReduced,
    pixel_accuracy: scores.pixelAccuracy,
    mean_accuracy: scores.meanAccuracy,
    iou: Object.fromEntries(names.map((name, index) => [name, scores.iou[index]])),
    confusion: names.map((_, row) => [...sum.counts.subarray(row * names.length, (row + 1) * names.length)]),
    ignored_pixels: sum.ignored,
    failed,
  });
  const width = Math.max(5, ...names.map(name => name.length));
  const share = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
  out.text(`\n${'class'.padEnd(width)}  ${'IoU'.padStart(6)}  ${'pixels'.padStart(12)}`);
  for (const [index, name] of names.entries())
    out.text(`${name.padEnd(width)}  ${share(scores.iou[index]).padStart(6)}  ${String(scores.pixels[index]).padStart(12)}`);
  out.text(`\nmIoU            ${share(scores.miou)}`);
  if (scores.miouReduced !== null) out.text(`mIoU^R          ${share(scores.miouReduced)}, without truck, bus and train`);
  out.text(`pixel accuracy  ${share(scores.pixelAccuracy)}`);
  out.text(`mean accuracy   ${share(scores.meanAccuracy)}`);
  const total = scores.pixels.reduce((a, b) => a + b, 0);
  out.text(`counted         ${total} pixels of ${counted} pictures; ${sum.ignored} pixels have no class`);
  if (job.file !== null) out.text(`state           ${job.file}`);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
