// Pictures in, class maps and overlays out; or frames from stdin to stdout.
import { stat } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { AtrousError } from '../errors.ts';
import { checkFit } from '../front/fit.ts';
import { cutout } from '../image/cutout.ts';
import { overlay } from '../image/overlay.ts';
import { encodeIndexed } from '../image/png.ts';
import { printSize } from '../image/size.ts';
import type { LoadedWeights } from '../load.ts';
import { published } from '../models/registry.ts';
import { checkFolder, isDiskFull, resolveFrom, writeTogether } from '../node/files.ts';
import { encodeCutout, encodeGrey, encodePng, type Photograph, readImage } from '../node/photograph.ts';
import { describeLeft, findPictures, type Picture } from '../node/pictures.ts';
import type { Segmenter, SegmentResult } from '../segmenter.ts';
import { writeSafetensors } from '../weights/safetensors.ts';
import { fromFloat32 } from '../weights/tensor.ts';
import { type Arguments, type Command, insideOf, shared, sharedHelp } from './command.ts';
import { type Output, output, percent } from './output.ts';
import { frameSize, segmentFrames } from './raw.ts';
import { openSegmenter } from './segmenter.ts';
import { openRecord, settingsOf } from './settings.ts';
import { isOwn, printShard, shardHelp, shardOf } from './shard.ts';
import { openWeights } from './weights.ts';

const OPACITY = 0.6;
/** Pictures that are decoded ahead of the one that is segmented. */
const AHEAD = 2;

export const segment: Command = {
  usage:
    'segment [MODEL.onnx] <picture, folder or pattern …> [-m MODEL] [-w WEIGHTS] [--card FILE] [--labels FILE] [-o DIR] [--mask] [--overlay] [--size HxW] [--tile published|none|HxW] [--threshold T] [--mean a,b,c --std a,b,c …] [--output-name NAME] [--matte] [--scores] [--resume] [--shard i/n|auto[/n]] | --raw HxW',
  about: 'class map and overlay of every picture: DIR/<name>.classes.png, DIR/<name>.overlay.png; folders are mirrored',
  help: {
    ...sharedHelp,
    model: `${sharedHelp.model}; default regseg-camvid`,
    output: 'folder for the results, default ./out',
    mask: 'only the class map',
    overlay: 'only the overlay',
    matte:
      'networks with a single channel of scores: DIR/<name>.matte.png (its probability, 8-bit grey) and DIR/<name>.cutout.png (the picture with it as alpha) too',
    scores:
      'DIR/<name>.prob.safetensors too: `prob`, 1×C×h×w at the network’s last grid (DilatedNet: stitched, cells of 8×8 pixels; Cityscapes: pixels)',
    resume: 'leave out pictures whose results are there, and refuse results of other settings: DIR/.atrous.json records them',
    shard: shardHelp,
    raw: 'read rgb24 frames of that height×width from stdin, write class maps (a byte a pixel) to stdout',
  },
  options: {
    ...shared,
    mask: { type: 'boolean' },
    overlay: { type: 'boolean' },
    matte: { type: 'boolean' },
    scores: { type: 'boolean' },
    resume: { type: 'boolean' },
    shard: { type: 'string' },
    raw: { type: 'string' },
  },
  async run(given) {
    const args = withModel(given);
    const raw = args.text('raw');
    if (raw !== undefined) {
      const only = ['output', 'mask', 'overlay', 'matte', 'scores', 'resume', 'shard', 'json'].filter(
        option => args.text(option) !== undefined,
      );
      if (args.positionals.length + only.length > 0) {
        throw new AtrousError(
          'BAD_USAGE',
          `--raw reads stdin and writes stdout: leave out ${[...args.positionals, ...only.map(option => `--${option}`)].join(' ')}`,
        );
      }
      const frame = frameSize(raw);
      const out = output(true);
      return withSegmenter(await weightsOf(args), args, out, segmenter => segmentFrames(segmenter, frame, insideOf(args), out));
    }
    if (args.positionals.length === 0)
      throw new AtrousError('BAD_USAGE', 'segment needs a picture, a folder of pictures, or --raw');
    const folder = resolveFrom(args.text('output') ?? 'out');
    const out = output(args.flag('json'));
    const { pictures, left } = await findPictures(args.positionals, folder);
    for (const { input, ...counts } of left) {
      out.json({ input, left_out: counts });
      out.note(`${shorten(input)}: ${describeLeft(counts)}`);
    }
    return segmentPictures(pictures, folder, args, out);
  },
};

/** An ONNX file among the pictures is the model. Throws `BAD_USAGE` where another one is named, and for weights. */
function withModel(args: Arguments): Arguments {
  const weights = args.positionals.find(word => /\.(safetensors|pth|pt|caffemodel)$/i.test(word));
  if (weights !== undefined)
    throw new AtrousError('BAD_USAGE', `${weights} is no picture: weights are named by --weights, an ONNX file by --model`);
  const models = args.positionals.filter(word => /\.onnx$/i.test(word));
  const named = args.text('model');
  if (models.length === 0) return args;
  if (models.length + (named === undefined ? 0 : 1) > 1)
    throw new AtrousError(
      'BAD_USAGE',
      `segment takes one MODEL: ${[...models, ...(named ? [`--model ${named}`] : [])].join(', ')} are several`,
    );
  return {
    ...args,
    positionals: args.positionals.filter(word => word !== models[0]),
    text: option => (option === 'model' ? models[0] : args.text(option)),
  };
}

/** Returns the exit code: 0, or 1 when a picture failed. `onResult` sees every result. */
export async function segmentPictures(
  all: readonly Picture[],
  folder: string,
  args: Arguments,
  out: Output,
  onResult?: (result: SegmentResult) => Promise<void>,
): Promise<number> {
  const wanted = {
    mask: args.flag('mask') || !args.flag('overlay'),
    overlay: args.flag('overlay') || !args.flag('mask'),
    matte: args.flag('matte'),
    scores: args.flag('scores'),
  };
  const shard = shardOf(args);
  const own = shard ? all.filter(({ path }) => isOwn(shard, path)) : all;
  if (shard && own.length === 0) {
    out.note(`shard ${printShard(shard)} has none of the ${all.length} pictures`);
    return 0;
  }
  const resume = args.flag('resume');
  const done = await Promise.all(own.map(picture => isDone(targetsOf(picture, folder, wanted))));
  const pictures = own.filter((_picture, index) => !(resume && done[index]));
  if (pictures.length > 0) await checkFolder(folder);
  const weights = await weightsOf(args);
  const settings = () => ({ ...settingsOf(weights, args), palette: weights.card.palette.join(' ') });
  const record = await openRecord(folder, settings, { resume, several: pictures.length > 1, others: done.includes(true) });
  if (pictures.length < own.length) {
    const doubt = record.known ? '' : ', made with settings that are not recorded: they are taken as they are';
    out.note(`${own.length - pictures.length} of ${own.length} pictures have their results already${doubt}`);
  }
  if (pictures.length === 0) return 0;
  return withSegmenter(weights, args, out, async segmenter => {
    await record.begin();
    const failed: string[] = [];
    let [made, full] = [0, null as AtrousError | null];
    const decoding: Promise<Photograph>[] = [];
    let writing = Promise.resolve();
    const attempt = async (picture: Picture, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof AtrousError)) throw error;
        out.json({ input: picture.file, error: { code: error.code, message: error.message } });
        if (isDiskFull(error)) {
          full ??= error;
          return;
        }
        if (all.length === 1) throw error;
        failed.push(`${picture.name}${extname(picture.file)}`);
        out.note(`atrous: ${error.message}`);
      }
    };
    // Three stages at once: later pictures are decoded and the one before is encoded while this one is on the device.
    for (const [index, picture] of pictures.entries()) {
      if (full) break;
      while (decoding.length < Math.min(index + 1 + AHEAD, pictures.length)) {
        const next = readImage(pictures[decoding.length].file);
        // Its error is met when its turn comes.
        next.catch(() => {});
        decoding.push(next);
      }
      const label = `${index + 1}/${pictures.length} ${basename(picture.file)}`;
      out.progress(label);
      await attempt(picture, async () => {
        const pixels = await decoding[index];
        delete decoding[index];
        const result = await segmenter.segment(pixels, {
          ...insideOf(args),
          ...(wanted.matte && { matte: true }),
          ...(wanted.scores && { scores: true }),
          onProgress: ({ phase, done: n, total }) =>
            out.progress(`${label}: ${phase === 'tile' ? 'tile' : 'compiling'} ${n}/${total}`),
        });
        await writing;
        if (full) return;
        writing = attempt(picture, async () => {
          const targets = targetsOf(picture, folder, wanted);
          await writeResult(result, pixels, targets);
          made++;
          report(out, picture.file, result, targets);
          await onResult?.(result);
        });
        // Its error is met when it is awaited.
        writing.catch(() => {});
      });
    }
    await writing;
    if (full)
      throw new AtrousError(full.code, `stopped: ${made} of ${pictures.length} pictures are done; ${full.message}`, {
        cause: full,
      });
    await record.end();
    if (failed.length > 0) out.note(`${failed.length} of ${pictures.length} pictures failed: ${failed.join(', ')}`);
    return failed.length > 0 ? 1 : 0;
  });
}

/** What the options name, and do not contradict. */
async function weightsOf(args: Arguments): Promise<LoadedWeights> {
  const inside = insideOf(args);
  const model = args.text('model') ?? (args.text('weights') ? undefined : [...published.keys()][0]);
  const weights = await openWeights(model, args);
  checkFit(weights, { ...inside, matte: args.flag('matte') });
  return weights;
}

/** Opens a device, does the work and closes it. */
async function withSegmenter(
  weights: LoadedWeights,
  args: Arguments,
  out: Output,
  work: (segmenter: Segmenter) => Promise<number>,
): Promise<number> {
  const segmenter = await openSegmenter(weights, args, out);
  try {
    const facts = await segmenter.facts();
    out.text(`adapter  ${facts.name}${facts.software ? ' — software, slow' : ''}`);
    out.text(
      `model    ${weights.network.name} (${weights.network.canonical}), ${weights.card.classes.length} classes, ${segmenter.precision}`,
    );
    return await work(segmenter);
  } finally {
    await segmenter.dispose();
  }
}

interface Targets {
  readonly classes: string | null;
  readonly overlay: string | null;
  /** Absent unless asked for, as the rest. */
  readonly matte?: string;
  readonly cutout?: string;
  readonly scores?: string;
}

function targetsOf(
  { name }: Picture,
  folder: string,
  wanted: { readonly [kind in 'mask' | 'overlay' | 'matte' | 'scores']: boolean },
): Targets {
  return {
    classes: wanted.mask ? join(folder, `${name}.classes.png`) : null,
    overlay: wanted.overlay ? join(folder, `${name}.overlay.png`) : null,
    ...(wanted.matte && { matte: join(folder, `${name}.matte.png`), cutout: join(folder, `${name}.cutout.png`) }),
    ...(wanted.scores && { scores: join(folder, `${name}.prob.safetensors`) }),
  };
}

/** A result that is there is whole: files are renamed into place. */
async function isDone(targets: Targets): Promise<boolean> {
  const there = await Promise.all(
    Object.values(targets).map(
      file =>
        file === null ||
        stat(file).then(
          () => true,
          () => false,
        ),
    ),
  );
  return there.every(Boolean);
}

async function writeResult(
  { classes, width, height, palette, scores, matte }: SegmentResult,
  pixels: Photograph,
  targets: Targets,
): Promise<void> {
  // All are encoded before any is written: a picture that fails leaves nothing.
  const mask = targets.classes && (await encodeIndexed({ data: classes, width, height }, palette));
  const painted = targets.overlay && (await encodePng(overlay(pixels.data, classes, palette, OPACITY), width, height));
  const prob = scores && fromFloat32([1, scores.c, scores.h, scores.w], scores.data);
  const tensors = prob && writeSafetensors(new Map([['prob', prob]]), {});
  const [grey, cut] = matte
    ? await Promise.all([encodeGrey(matte, width, height), encodeCutout(cutout(pixels.data, matte), width, height)])
    : [];
  const files = [
    [targets.matte, grey],
    [targets.cutout, cut],
    [targets.classes, mask],
    [targets.overlay, painted],
    [targets.scores, tensors],
  ] as const;
  await writeTogether(files.flatMap(([path, bytes]) => (path && bytes ? [[path, bytes] as const] : [])));
}

function report(out: Output, picture: string, result: SegmentResult, targets: Targets): void {
  const { info } = result;
  const shares = result.shares();
  out.json({
    input: picture,
    model: info.model,
    size: printSize({ h: info.height, w: info.width }),
    ...(info.tiles > 1 && { tiles: info.tiles }),
    ...(info.threshold !== null && { threshold: info.threshold }),
    ms: round(info.ms),
    ...targets,
    shares,
  });
  out.text(`picture  ${shorten(picture)}`);
  out.text(`size     ${printSize({ h: result.height, w: result.width })}${inside(result)}`);
  out.text(`time     ${info.ms.toFixed(0)} ms from pixels to classes${info.software ? ' (software adapter)' : ''}`);
  const sorted = Object.entries(shares).sort(([, a], [, b]) => b - a);
  out.text(`shares   ${sorted.map(([label, share]) => `${label} ${percent(share)}`).join(', ')}`);
  for (const file of Object.values(targets)) if (file) out.text(`wrote    ${shorten(file)}`);
}

function inside({ width, height, info }: SegmentResult): string {
  const size = printSize({ h: info.height, w: info.width });
  if (info.tiles > 1) return `, ${info.tiles} tiles of ${size} inside the network`;
  return info.height === height && info.width === width ? '' : `, ${size} inside the network`;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Relative to the caller's folder when that is shorter. */
function shorten(path: string): string {
  const near = relative(resolveFrom('.'), path);
  return near.length < path.length && !near.startsWith('..') ? near : path;
}
