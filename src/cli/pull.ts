// A published checkpoint: fetched, held to its length and hash, converted, and put where `load` and every command find it by name.
import { dirname } from 'node:path';
import { type Converted, convertWeights } from '../convert.ts';
import { AtrousError } from '../errors.ts';
import { type Checkpoint, checkpoints, findCheckpoint, releases } from '../models/published.ts';
import { published } from '../models/registry.ts';
import { pulledFile, sizeOnDisk } from '../node/cache.ts';
import { discard, type FetchOptions, fetchFile } from '../node/fetch-file.ts';
import { checkFolder, readBytes, resolveFrom } from '../node/files.ts';
import { type Arguments, type Command, onePositional, shared, sharedHelp } from './command.ts';
import { checkTarget, megabytes, sha256, writeConverted } from './convert.ts';
import { type Output, output, percent } from './output.ts';

/** A training state of the largest network, with momentum, is a twentieth of this. */
const MOST_BYTES = 2 ** 30;
const IDLE_SECONDS = 30;
/** Milliseconds between two lines of progress. */
const EVERY = 100;

export const pull: Command = {
  usage: 'pull NAME [-o FILE] [--force] [--base-url URL] [--timeout SECONDS]',
  about: `a published checkpoint, fetched and converted: ${[...checkpoints.keys()].join(', ')}`,
  help: {
    output: 'safetensors to write; default: the cache, where every command finds it by NAME',
    force: 'fetch it although it is there',
    'base-url': `a mirror; default ${releases}`,
    timeout: `seconds without a byte before another attempt, default ${IDLE_SECONDS}`,
    json: sharedHelp.json,
  },
  options: {
    output: shared.output,
    force: { type: 'boolean' },
    'base-url': { type: 'string' },
    timeout: { type: 'string' },
    json: shared.json,
  },
  async run(args) {
    const out = output(args.flag('json'));
    const name = onePositional('pull', args, `NAME of ${[...checkpoints.keys()].join(', ')}`);
    if (published.has(name)) {
      out.json({ name, output: null, cached: true });
      out.text(`${name} comes with the package: nothing to pull`);
      return 0;
    }
    const checkpoint = findCheckpoint(name);
    const file = args.text('output');
    const target = file === undefined ? pulledFile(checkpoint.name) : checkTarget(resolveFrom(file));
    const url = new URL(checkpoint.file, baseOf(args)).href;
    const idle = 1000 * secondsOf(args);
    const there = args.flag('force') ? null : await sizeOnDisk(target);
    if (there !== null) {
      out.json({ name: checkpoint.name, output: target, bytes: there, cached: true });
      out.text(`${checkpoint.name} is there already: ${target} (${megabytes(there)}); --force fetches it again`);
      return 0;
    }
    await checkFolder(dirname(target));
    const converted = await pullCheckpoint(checkpoint, url, `${target}.part`, out, { idle, most: MOST_BYTES });
    await writeConverted(target, converted, out, { name: checkpoint.name, cached: false, source: converted.card.source });
    await discard(`${target}.part`);
    if (checkpoint.warning) out.note(`${checkpoint.name}: ${checkpoint.warning}`);
    return 0;
  },
};

/**
 * The checkpoint behind `url`, checked and converted. `part` holds what has come until the caller has written the result; it is
 * discarded where its content is to blame. Throws as `fetchFile`, and `BAD_WEIGHTS`.
 */
export async function pullCheckpoint(
  checkpoint: Checkpoint,
  url: string,
  part: string,
  out: Output,
  options: Pick<FetchOptions, 'idle' | 'most' | 'wait'>,
): Promise<Converted> {
  out.note(`fetching ${url}`);
  const fetched = await fetchFile(url, part, { ...options, ...talk(out) }).finally(() => out.progress(''));
  const bytes = await readBytes(part);
  try {
    if (sha256(bytes) !== fetched.sha256)
      throw new AtrousError('BAD_WEIGHTS', `${part} is not what came from ${url}: is another pull at work on it? run it again`);
    if (checkpoint.sha256 !== null && checkpoint.sha256 !== fetched.sha256) {
      const both = `sha256 is ${fetched.sha256}, expected ${checkpoint.sha256}`;
      throw new AtrousError(
        'BAD_WEIGHTS',
        `${url} (${bytes.length} bytes): ${both}: it is another file, fetch it from another place`,
      );
    }
    const { network: model, card, file } = checkpoint;
    const converted = await convertWeights(bytes, url, { model, card, source: { file, sha256: fetched.sha256, url } });
    out.note(`sha256 ${fetched.sha256} (${checkpoint.sha256 === null ? 'recorded; nothing to compare it with' : 'as expected'})`);
    return converted;
  } catch (error) {
    await discard(part);
    throw error;
  }
}

/** Lines on stderr while it takes its time. */
function talk(out: Output): Pick<FetchOptions, 'onStart' | 'onProgress' | 'onRetry'> {
  let next = 0;
  return {
    onStart: ({ url, total, from }) => {
      const size = total === null ? 'bytes, how many it does not say,' : megabytes(total);
      out.note(`${size} from ${new URL(url).host}${from > 0 ? `, ${megabytes(from)} of them are here already` : ''}`);
    },
    onProgress: (done, total) => {
      if (performance.now() < next && done !== total) return;
      next = performance.now() + EVERY;
      out.progress(total === null ? megabytes(done) : `${megabytes(done)} of ${megabytes(total)}, ${percent(done / total)}`);
    },
    onRetry: out.note,
  };
}

function baseOf(args: Arguments): URL {
  const text = args.text('base-url') ?? releases;
  const base = URL.canParse(text) ? new URL(text.endsWith('/') ? text : `${text}/`) : null;
  if (base && /^https?:$/.test(base.protocol) && !base.username && !base.password) return base;
  throw new AtrousError('BAD_USAGE', `--base-url ${text}: expected http:// or https://, without a user name`);
}

/** More than five minutes is more than `fetch` itself waits. */
function secondsOf(args: Arguments): number {
  const text = args.text('timeout') ?? String(IDLE_SECONDS);
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= 300) return seconds;
  throw new AtrousError('BAD_USAGE', `--timeout ${text}: expected seconds above 0 and up to 300`);
}
