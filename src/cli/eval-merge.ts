// `eval --merge`: the numbers of a whole data set from the states that its shards left. No model, no device.
import { AtrousError } from '../errors.ts';
import { printMeaning } from '../eval/meaning.ts';
import { mergeStates, sumOf } from '../eval/state.ts';
import { resolveFrom, writeAtomic } from '../node/files.ts';
import type { Arguments } from './command.ts';
import { evalPage, htmlFile } from './eval-page.ts';
import { report } from './eval-report.ts';
import { readStates } from './eval-state.ts';
import type { Output } from './output.ts';

/** Returns the exit code: 1 where pictures failed or are in no state. `others`: options that have no use here. */
export async function mergeShards(args: Arguments, others: readonly string[], out: Output): Promise<number> {
  const given = others.filter(option => args.text(option) !== undefined).map(option => `--${option}`);
  if (given.length > 0)
    throw new AtrousError('BAD_USAGE', `eval --merge takes state files, --html and --json only: leave out ${given.join(', ')}`);
  // States have an ending; a word before them without it is the model that they must be of.
  const [first] = args.positionals;
  const model = first !== undefined && !first.endsWith('.json') ? first : null;
  const files = args.positionals.slice(model === null ? 0 : 1).map(file => resolveFrom(file));
  if (files.length === 0)
    throw new AtrousError('BAD_USAGE', 'eval --merge needs the state files that --resume and --shard leave: out/*.eval.json');
  const html = await htmlFile(args);
  const states = await readStates(files);
  for (const [file, state] of states) {
    if (model !== null && state.about.model !== model)
      throw new AtrousError('BAD_USAGE', `--merge: ${file} is of ${state.about.model}, and ${model} is asked for: name its states`);
  }
  const { about, facts, done, failed, total, adapters } = mergeStates(states);
  out.text(`adapter  ${adapters.join('; ')}`);
  out.text(
    `model    ${about.model} (${facts.network ?? 'unknown'}), ${about.names.length} classes, ${facts.precision ?? 'unknown'}`,
  );
  out.text(`data     ${about.data}, ${about.layout}, ${done.size} of ${total} pictures from ${files.length} states`);
  out.text(`labels   ${printMeaning(about)}`);
  const sum = sumOf(about.names.length, done);
  const missing = total - done.size - failed.length;
  const counted = report({ ...about, values: null, done, failed, missing: Math.max(0, missing), sum, states: files }, out);
  if (html !== null) {
    const lines = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
    await writeAtomic(html, evalPage({ ...about, facts: lines, palette: null, sum, done, failed, words: args.words, worst: null }));
    out.text(`report          ${html}`);
  }
  if (failed.length > 0) out.note(`${failed.length} of ${total} pictures failed: ${failed.join(', ')}`);
  if (missing > 0)
    out.note(`${missing} of ${total} pictures are in none of the states: run the shards that are missing, or did not end`);
  return failed.length > 0 || missing > 0 || !counted ? 1 : 0;
}
