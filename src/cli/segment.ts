// Pictures in, class maps and overlays out.
import { basename, extname, join, relative } from 'node:path';
import { AtrousError } from '../errors.ts';
import { overlay } from '../image/overlay.ts';
import { encodeIndexed } from '../image/png.ts';
import { printSize } from '../image/size.ts';
import { published } from '../models/registry.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { checkFolder, listPictures, resolveFrom, writeAtomic } from '../node/files.ts';
import { encodePng, readImage } from '../node/photograph.ts';
import { Segmenter, type SegmentResult } from '../segmenter.ts';
import { type Arguments, type Command, precisionOf, shared, sharedHelp, sizeOf, variantsOf } from './command.ts';
import { type Output, output, percent } from './output.ts';
import { openWeights } from './weights.ts';

const OPACITY = 0.6;

export const segment: Command = {
  usage: 'segment <picture or folder …> [-m MODEL] [-w WEIGHTS] [--card FILE] [-o DIR] [--mask] [--overlay] [--size HxW]',
  about: 'class map and overlay of every picture: DIR/<name>.classes.png, DIR/<name>.overlay.png',
  help: {
    ...sharedHelp,
    model: `${sharedHelp.model}; default regseg-camvid`,
    output: 'folder for the results, default ./out',
    mask: 'only the class map',
    overlay: 'only the overlay',
  },
  options: { ...shared, mask: { type: 'boolean' }, overlay: { type: 'boolean' } },
  async run(args) {
    if (args.positionals.length === 0) throw new AtrousError('BAD_USAGE', 'segment needs a picture or a folder of pictures');
    const pictures = (await Promise.all(args.positionals.map(path => listPictures(resolveFrom(path))))).flat();
    return segmentFiles(pictures, resolveFrom(args.text('output') ?? 'out'), args, output(args.flag('json')));
  },
};

/** What is written of a picture, and where. */
interface Target {
  readonly picture: string;
  readonly name: string;
}

/** Returns the exit code: 0, or 1 when a picture failed. `onResult` sees every result. */
export async function segmentFiles(
  pictures: readonly string[],
  folder: string,
  args: Arguments,
  out: Output,
  onResult?: (picture: string, result: SegmentResult) => Promise<void>,
): Promise<number> {
  const targets = nameTargets(pictures);
  const size = sizeOf(args);
  const [precision, variants] = [precisionOf(args, 'auto'), variantsOf(args)];
  const wanted = { mask: args.flag('mask') || !args.flag('overlay'), overlay: args.flag('overlay') || !args.flag('mask') };
  const model = args.text('model') ?? (args.text('weights') ? undefined : [...published.keys()][0]);
  const weights = await openWeights(model, args.text('weights'), args.text('card'));
  await checkFolder(folder);
  const segmenter = await Segmenter.create({
    ...weights,
    library: await shaderLibrary(),
    precision,
    variants,
    openDevice: async () => {
      const { device, note } = await nodeDevice({ adapter: args.text('adapter') });
      if (note) out.note(note);
      return device;
    },
    borrowed: false,
  });
  const facts = await segmenter.facts();
  out.text(`adapter  ${facts.name}${facts.software ? ' — software, slow' : ''}`);
  out.text(`model    ${weights.network.name} (${weights.network.canonical}), ${weights.card.classes.length} classes, ${precision}`);
  const failed: string[] = [];
  try {
    for (const [index, { picture, name }] of targets.entries()) {
      out.progress(`${index + 1}/${targets.length} ${basename(picture)}`);
      try {
        const pixels = await readImage(picture);
        const result = await segmenter.segment(pixels, {
          size: size && { height: size.h, width: size.w },
          onProgress: ({ done, total }) =>
            out.progress(`${index + 1}/${targets.length} ${basename(picture)}: compiling ${done}/${total}`),
        });
        const written = await writeResult(result, pixels, folder, name, wanted);
        report(out, picture, result, written);
        await onResult?.(picture, result);
      } catch (error) {
        if (!(error instanceof AtrousError) || targets.length === 1) throw error;
        failed.push(picture);
        out.note(`atrous: ${error.message}`);
      }
    }
  } finally {
    await segmenter.dispose();
  }
  if (failed.length > 0)
    out.note(`${failed.length} of ${targets.length} pictures failed: ${failed.map(file => basename(file)).join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

/** Output names: file names without their last extension. Throws `BAD_USAGE`, before any work, when two inputs would share one. */
function nameTargets(pictures: readonly string[]): Target[] {
  const owners = new Map<string, string>();
  return pictures.map(picture => {
    const name = basename(picture, extname(picture));
    const other = owners.get(name);
    if (other !== undefined) {
      throw new AtrousError(
        'BAD_USAGE',
        `${other} and ${picture} would both be written to ${name}.classes.png: rename one or run them separately`,
      );
    }
    owners.set(name, picture);
    return { picture, name };
  });
}

async function writeResult(
  { classes, width, height, palette }: SegmentResult,
  pixels: { readonly data: Uint8ClampedArray },
  folder: string,
  name: string,
  wanted: { readonly mask: boolean; readonly overlay: boolean },
): Promise<{ classes: string | null; overlay: string | null }> {
  const paths = {
    classes: wanted.mask ? join(folder, `${name}.classes.png`) : null,
    overlay: wanted.overlay ? join(folder, `${name}.overlay.png`) : null,
  };
  // Both are encoded before either is written: a picture that fails leaves nothing.
  const mask = paths.classes && (await encodeIndexed({ data: classes, width, height }, palette));
  const painted = paths.overlay && (await encodePng(overlay(pixels.data, classes, palette, OPACITY), width, height));
  if (mask) await writeAtomic(paths.classes!, mask);
  if (painted) await writeAtomic(paths.overlay!, painted);
  return paths;
}

function report(
  out: Output,
  picture: string,
  result: SegmentResult,
  written: { classes: string | null; overlay: string | null },
): void {
  const { info } = result;
  const shares = result.shares();
  out.json({
    input: picture,
    model: info.model,
    size: printSize({ h: info.height, w: info.width }),
    ms: round(info.ms),
    ...written,
    shares,
  });
  out.text(`picture  ${shorten(picture)}`);
  out.text(`size     ${printSize({ h: result.height, w: result.width })}${inside(result)}`);
  out.text(`time     ${info.ms.toFixed(0)} ms from pixels to classes${info.software ? ' (software adapter)' : ''}`);
  const sorted = Object.entries(shares).sort(([, a], [, b]) => b - a);
  out.text(`shares   ${sorted.map(([label, share]) => `${label} ${percent(share)}`).join(', ')}`);
  for (const file of [written.classes, written.overlay]) if (file) out.text(`wrote    ${shorten(file)}`);
}

function inside({ width, height, info }: SegmentResult): string {
  return info.height === height && info.width === width
    ? ''
    : `, ${printSize({ h: info.height, w: info.width })} inside the network`;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Relative to the caller's folder when that is shorter. */
function shorten(path: string): string {
  const near = relative(resolveFrom('.'), path);
  return near.length < path.length && !near.startsWith('..') ? near : path;
}
