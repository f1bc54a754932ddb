// The file in which `eval` keeps what is done, for runs that go on and for shards that are added up.
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AtrousError } from '../errors.ts';
import { checkFacts, parseState, printState, type State } from '../eval/state.ts';
import { readBytes, writeAtomic } from '../node/files.ts';
import { printShard, type Shard } from './shard.ts';

/** What can be done about a state file that does not fit. */
export const NEXT = 'remove the file, or choose another folder with --output';

/** A shard has a file of its own, so that all of them may write to one folder. */
export function stateFile(folder: string, model: string, shard: Shard | null): string {
  const part = shard ? `.${printShard(shard).replace('/', '-of-')}` : '';
  return join(folder, `${basename(model)}${part}.eval.json`);
}

export async function readState(file: string): Promise<State> {
  return parseState(new TextDecoder().decode(await readBytes(file)), file);
}

export interface StateFile {
  /** Null where there is none, or one without pictures. Throws `BAD_USAGE` for one of other facts. */
  load(): Promise<State | null>;
  /**
   * Writes the state, and what another process has added to the file since: a scheduler may start a share twice. Throws `BAD_USAGE` if that runs under other
   * facts.
   */
  save(state: State): Promise<void>;
}

export function openState(file: string): StateFile {
  /** Which version of the file is known; renaming makes another each time. */
  let seen: string | null = null;
  const version = async (): Promise<string | null> =>
    stat(file).then(
      ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
      () => null,
    );
  return {
    async load() {
      seen = await version();
      if (seen === null) return null;
      const state = await readState(file);
      return state.done.size > 0 ? state : null;
    },
    async save(state) {
      const now = await version();
      let done = state.done;
      if (now !== null && now !== seen) {
        const other = await readState(file);
        if (other.done.size > 0) checkFacts(other.facts, state.facts, `${file} is written by another run, which was`, NEXT);
        done = new Map([...other.done, ...state.done]);
      }
      await writeAtomic(file, printState({ ...state, failed: state.failed.filter(picture => !done.has(picture)), done }));
      seen = await version();
    },
  };
}

/** States by file. Throws `BAD_USAGE` where a file is named twice. */
export async function readStates(files: readonly string[]): Promise<Map<string, State>> {
  const states = new Map<string, State>();
  for (const file of files) {
    if (states.has(file)) throw new AtrousError('BAD_USAGE', `--merge: ${file} is named twice; name each state once`);
    states.set(file, await readState(file));
  }
  return states;
}
