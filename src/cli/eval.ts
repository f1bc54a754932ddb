// How good a model is on a data set: class maps against labels, one confusion matrix, the scores that papers report.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { AtrousError, type ErrorCode } from '../errors.ts';
import { IGNORE } from '../eval/classes.ts';
import { countConfusion, emptyConfusion, isCityscapes, mergeConfusions, scoresOf } from '../eval/confusion.ts';
import { cityscapesIds, type DataSet, findData, layouts, readLabels, type Sample, type Tree } from '../eval/layouts.ts';
import { type Meaning, meaningOf, printMeaning } from '../eval/meaning.ts';
import { type About, checkFacts, type Done, type Facts, type State, sumOf } from '../eval/state.ts';
import { parseMap } from '../eval/values.ts';
import { checkFit } from '../front/fit.ts';
import { thresholdOf } from '../front/options.ts';
import type { Palette } from '../image/overlay.ts';
import { printSize } from '../image/size.ts';
import type { LoadedWeights } from '../load.ts';
import { cityscapes } from '../models/palettes.ts';
import { checkFolder, resolveFrom, writeAtomic } from '../node/files.ts';
import { type Photograph, readStored } from '../node/photograph.ts';
import { countLeft, describeLeft } from '../node/pictures.ts';
import { openTree } from '../node/tree.ts';
import type { Segmenter } from '../segmenter.ts';
import { type Arguments, type Command, type Inside, insideOf, type Options, onePositional, shared, sharedHelp } from './command.ts';
import { mergeShards } from './eval-merge.ts';
import { evalPage, fourOf, htmlFile, worstOf } from './eval-page.ts';
import { noteOrder, report } from './eval-report.ts';
import { NEXT, openState, type StateFile, stateFile } from './eval-state.ts';
import { type Output, output, percent } from './output.ts';
import { openSegmenter } from './segmenter.ts';
import { settingsOf } from './settings.ts';
import { isOwn, printShard, type Shard, shardHelp, shardOf } from './shard.ts';
import { openWeights } from './weights.ts';

/** Errors that are one picture's own; any other ends the run. */
const OWN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['BAD_IMAGE', 'NO_FILE', 'LIMIT']);
/** A killed run loses at most what was done in this time, and a state of many pictures is not written for each. */
const SAVE_MS = 1000;
/** Nor does writing one of very many pictures take more than a share of one in this of the time. */
const SAVE_SHARE = 20;

const { model: _positional, ...common } = shared;
const options = {
  ...common,
  data: { type: 'string' },
  layout: { type: 'string' },
  split: { type: 'string' },
  map: { type: 'string', multiple: true },
  resume: { type: 'boolean' },
  submission: { type: 'string' },
  html: { type: 'string' },
  shard: { type: 'string' },
  merge: { type: 'boolean' },
} as const satisfies Options;

export const evaluate: Command = {
  usage:
    `eval MODEL [-w WEIGHTS] [--card FILE] [--labels FILE] --data DIR [--layout ${[...layouts.keys()].join('|')}] ` +
    '[--split NAME] [--map 255=1,…] [--size HxW] [--tile published|none|HxW] [--threshold T] [--mean a,b,c --std a,b,c …] [--output-name NAME] [--resume] [--shard i/n|auto[/n]] [-o DIR] [--submission DIR] [--html FILE] | [MODEL] --merge STATE… [--html FILE]',
  about:
    'confusion matrix, IoU per class, mIoU and pixel accuracy on pictures with labels; pictures are taken as stored, without EXIF orientation',
  help: {
    ...sharedHelp,
    output: 'folder for the state of --resume, <model>.eval.json, and of --shard, <model>.<i>-of-<n>.eval.json; default ./out',
    labels: `${sharedHelp.labels}; instead of the card's, to be matched with the data's`,
    data: 'folder of the data set',
    layout: 'how it is laid out; default: the first that fits. pairs = images/, labels/ (grey or palette PNG, values = classes)',
    split: 'train, val, test …; default val, for camvid test',
    map: 'label value=class, several with commas, 255 for none, such as 255=1,4=0; values that no class has are errors, 255 is void',
    resume: 'keep a state file, and leave out the pictures that it says are done',
    shard: `${shardHelp}; goes on like --resume`,
    merge: 'the whole from the state files of its shards, or of runs with --resume; a picture that several hold counts once',
    html: 'file for a report: one page with scores, confusion matrix, IoU bars, and the worst pictures beside labels, result and difference',
    submission: 'folder for predictions in label ids, as the Cityscapes test server takes them: <picture>_pred.png',
  },
  options,
  run(args) {
    const out = output(args.flag('json'));
    const others = Object.keys(options).filter(option => !['merge', 'json', 'html'].includes(option));
    return args.flag('merge') ? mergeShards(args, others, out) : evaluateData(args, out);
  },
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
  readonly meaning: Meaning;
  readonly inside: Inside;
  readonly submission: string | null;
  /** Where the report goes. */
  readonly html: string | null;
  readonly shard: Shard | null;
  /** The pictures of the shard. */
  readonly samples: readonly Sample[];
  /** Of `--resume` and `--shard`. */
  readonly state: (StateFile & { readonly file: string }) | null;
}

interface Loaded {
  readonly pixels: Photograph;
  /** Class of the model per pixel, 255 for none; null for a picture without labels. */
  readonly labels: Uint8Array | null;
  readonly unknown: number;
  /** Whether its EXIF data ask for it to be turned. */
  readonly turned: boolean;
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
  const about = aboutOf(job);
  const { samples } = job;
  if (samples.length === 0) {
    await job.state?.save(stateOf(job, factsOf(job, weights, args, {}), new Map(), []));
    out.note(`shard ${printShard(job.shard!)} has none of the ${job.data.samples.length} pictures`);
    return 0;
  }
  const segmenter = await (open?.(weights) ?? openSegmenter(weights, args, out));
  try {
    const adapter = await segmenter.facts();
    const { precision } = segmenter;
    const { layout, split } = job.data;
    out.text(`adapter  ${adapter.name}${adapter.software ? ' — software, slow' : ''}`);
    out.text(`model    ${weights.network.name} (${weights.network.canonical}), ${job.names.length} classes, ${precision}`);
    out.text(`data     ${job.tree.root}, ${layout}${split === null ? '' : ` ${split}`}, ${samples.length} pictures${ofShard(job)}`);
    out.text(`labels   ${printMeaning(about)}`);
    if (about.order) noteOrder(about.order, out);
    await noteLeft(job, out);
    const facts = factsOf(job, weights, args, { adapter: adapter.name, precision });
    const done = await resume(job, facts, out);
    const failed = await evaluateSamples(job, segmenter, facts, done, out, onPicture);
    const { forms } = job.meaning;
    const sum = sumOf(job.names.length, done);
    const states = job.state ? [job.state.file] : [];
    const counted = report({ ...about, values: forms.length === 1 ? forms[0] : null, done, failed, missing: 0, sum, states }, out);
    if (job.html !== null) {
      const [own, { palette }] = [
        { ...about, facts: Object.entries(facts).map(([name, value]) => `${name}: ${value}`) },
        weights.card,
      ];
      const worst = await worstPictures(job, segmenter, done, palette, out);
      const page = evalPage({ ...own, palette, sum, done, failed, words: args.words, worst });
      await writeAtomic(job.html, page);
      out.text(`report          ${job.html}`);
    }
    if (failed.length > 0) out.note(`${failed.length} of ${samples.length} pictures failed: ${failed.join(', ')}`);
    // A small share may well be void; of the whole the merge tells.
    return failed.length > 0 || !(counted || job.shard) ? 1 : 0;
  } finally {
    await segmenter.dispose();
  }
}

/** Each is segmented again: of a picture that is done only its matrix is kept. */
async function worstPictures(
  job: Job,
  segmenter: Classifier,
  done: ReadonlyMap<string, Done>,
  palette: Palette,
  out: Output,
): Promise<string[]> {
  const samples = new Map(job.samples.map(sample => [sample.picture, sample]));
  const shown: string[] = [];
  // A state may hold what other shards have done.
  const own = new Map([...done].filter(([picture]) => samples.has(picture)));
  for (const { picture, miou } of worstOf(own, job.names)) {
    out.progress(`report: ${basename(picture)}`);
    const { pixels, labels } = await loadSample(job, samples.get(picture)!);
    const { classes } = await segmenter.segment(pixels, job.inside);
    const size = { h: pixels.height, w: pixels.width };
    shown.push(await fourOf(picture, miou, { rgba: pixels.data, size, labels: labels!, classes }, palette));
  }
  return shown;
}

/** Files beside the pictures that are none, or none that is read: their labels do not count. */
async function noteLeft({ tree, data }: Job, out: Output): Promise<void> {
  const taken = new Set(data.samples.map(({ picture }) => picture));
  for (const folder of data.folders) {
    const files = ((await tree.list(folder)) ?? []).filter(name => !name.endsWith('/') && !taken.has(`${folder}/${name}`));
    if (files.length > 0) out.note(`${tree.root}/${folder}: ${describeLeft(countLeft(files))}`);
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
  const [shard, map] = [shardOf(args), parseMap(args.list('map'))];
  const data = await findData(tree, wanted);
  const weights = await openWeights(model, args);
  checkFit(weights, inside);
  const names = weights.card.classes;
  const meaning = meaningOf(data, names, map, `--data ${tree.root}`);
  if (submission !== undefined && !(data.layout === 'cityscapes' && isCityscapes(names))) {
    throw new AtrousError(
      'BAD_USAGE',
      `--submission is for Cityscapes: the layout is ${data.layout}, the model has ${names.length} classes; leave it out`,
    );
  }
  const output = resolveFrom(args.text('output') ?? 'out');
  const html = await htmlFile(args);
  const file = args.flag('resume') || shard ? stateFile(output, model, shard) : null;
  if (file !== null) await checkFolder(output);
  return {
    job: {
      model,
      tree,
      data,
      names,
      threshold: thresholdOf(weights.network, inside),
      meaning,
      inside,
      submission: submission === undefined ? null : resolveFrom(submission),
      html,
      shard,
      samples: shard ? data.samples.filter(({ picture }) => isOwn(shard, picture)) : data.samples,
      state: file === null ? null : { file, ...openState(file) },
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
  const { samples, names, inside } = job;
  const todo = samples.filter(({ picture }) => !done.has(picture));
  const failed: string[] = [];
  const loading: Promise<Loaded>[] = [];
  let sum = sumOf(names.length, done);
  let unknown = 0;
  let turnable = 0;
  let next = performance.now() + SAVE_MS;
  const save = async (): Promise<void> => {
    const begin = performance.now();
    await job.state?.save(stateOf(job, facts, done, failed));
    const end = performance.now();
    next = end + Math.max(SAVE_MS, SAVE_SHARE * (end - begin));
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
      const label = `${samples.length - todo.length + index + 1}/${samples.length} ${basename(sample.picture)}`;
      out.progress(`${label}${miou === null ? '' : `, mIoU so far ${percent(miou)}`}`);
      try {
        const { pixels, labels, sha256, unknown: strange, turned } = await loading[index];
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
        turnable += turned ? 1 : 0;
        done.set(sample.picture, { sha256, confusion });
      } catch (error) {
        if (!(error instanceof AtrousError) || !OWN.has(error.code)) throw error;
        failed.push(sample.picture);
        out.note(`atrous: ${error.message}`);
        continue;
      }
      if (performance.now() > next) await save();
      onPicture?.(sample.picture);
    }
  } finally {
    await save();
  }
  if (unknown > 0) out.note(`${unknown} label pixels have colours that are no class's: they do not count`);
  if (turnable > 0)
    out.note(`${turnable} pictures have an EXIF orientation: they are taken as stored, not upright, and so must be their labels`);
  return failed;
}

/** Throws `BAD_IMAGE` when picture and labels differ in size: resampling either would change what is measured. */
async function loadSample({ tree, meaning, submission, state }: Job, sample: Sample): Promise<Loaded> {
  // Labels are stored as the camera's sensor lay, so the picture is too, whatever its EXIF orientation.
  const pixels = await readStored(join(tree.root, sample.picture));
  const turned = pixels.orientation !== 1;
  const sha256 = state === null ? '' : await hashSample(tree, sample);
  if (sample.label === null && submission !== null) return { pixels, labels: null, unknown: 0, turned, sha256 };
  // Before the labels are unpacked: a small file may tell a size that fills the memory.
  const labels = await readLabels(tree, sample, meaning.forms[sample.form].table, size => {
    if (size.width === pixels.width && size.height === pixels.height) return;
    const [picture, label] = [pixels, size].map(({ height: h, width: w }) => printSize({ h, w }));
    const quarter = size.width === pixels.height && size.height === pixels.width;
    const next = quarter
      ? `a quarter turn (EXIF orientation ${pixels.orientation}; eval takes pixels as stored): save the picture upright, or turn its labels`
      : 'give both at one size';
    throw new AtrousError(
      'BAD_IMAGE',
      `${tree.root}: ${sample.picture} is ${picture} and its labels, ${sample.label}, are ${label}: ${next}`,
    );
  });
  return { pixels, labels: labels.data, unknown: labels.unknown, turned, sha256 };
}

/**
 * The pictures that the state file says are done; none without `--resume`. Throws `BAD_USAGE` when it was made with other weights,
 * options or data.
 */
async function resume({ state, tree, data, samples, submission }: Job, facts: Facts, out: Output): Promise<Map<string, Done>> {
  const found = await state?.load();
  if (!state || !found) return new Map();
  const { file } = state;
  checkFacts(found.facts, facts, `${file} was`, NEXT);
  const done = new Map(found.done);
  const all = new Map(data.samples.map(sample => [sample.picture, sample]));
  for (const [picture, { sha256 }] of done) {
    const sample = all.get(picture);
    if (!sample)
      throw new AtrousError('BAD_USAGE', `--resume: ${file} counts ${picture}, and ${tree.root} has no such picture: ${NEXT}`);
    const now = await hashSample(tree, sample);
    if (now !== sha256) {
      throw new AtrousError(
        'BAD_USAGE',
        `--resume: ${file} counts ${picture} with its labels as ${sha256}, and in ${tree.root} they are ${now}: ${NEXT}`,
      );
    }
    // Its prediction is wanted too: then the picture is done once more.
    if (submission !== null && !(await exists(submissionFile(submission, sample)))) done.delete(picture);
  }
  out.note(`${done.size} of ${samples.length} pictures are done already, says ${file}`);
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

function factsOf({ data, meaning, state }: Job, weights: LoadedWeights, args: Arguments, device: Facts): Facts {
  // Only a state file has use for the hash of what may be half a gigabyte.
  if (state === null) return {};
  return {
    ...settingsOf(weights, args),
    layout: data.layout,
    split: data.split ?? 'none',
    'meaning of the labels': createHash('sha256')
      .update(JSON.stringify(meaning.forms.map(({ table }) => [...table])))
      .digest('hex'),
    ...device,
  };
}

function stateOf(job: Job, facts: Facts, done: ReadonlyMap<string, Done>, failed: readonly string[]): State {
  return { facts, about: aboutOf(job), total: job.data.samples.length, failed, done };
}

function ofShard({ shard, data }: Job): string {
  return shard ? ` of ${data.samples.length}, shard ${printShard(shard)}` : '';
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

function aboutOf({ model, tree, data, names, threshold, meaning, samples }: Job): About {
  const labelled = samples.filter(({ label }) => label !== null);
  return {
    model,
    data: tree.root,
    layout: data.layout,
    names,
    threshold,
    matched: meaning.by,
    forms: Object.fromEntries(meaning.forms.map(({ name }, index) => [name, labelled.filter(({ form }) => form === index).length])),
    order: meaning.order,
  };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
