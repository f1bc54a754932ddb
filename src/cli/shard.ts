// Which share of many pictures a process takes: as `--shard` says it, or the scheduler that started the process. Only `shardOf` looks at the environment.

import { AtrousError } from '../errors.ts';
import type { Arguments } from './command.ts';

/** `index` of `count` shares, from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A process's place among those that a scheduler started; null where it tells only the place. */
interface Place {
  readonly index: number;
  readonly count: number | null;
}

interface Scheduler {
  readonly name: string;
  /** Set in each of the processes. */
  readonly variable: string;
  place(env: Environment): Place;
}

/** In the words of their manuals: Slurm's sbatch, Kubernetes' indexed jobs, AWS Batch's array jobs, GNU parallel. */
const schedulers: readonly Scheduler[] = [
  { name: 'a Slurm array', variable: 'SLURM_ARRAY_TASK_ID', place: placeInArray },
  {
    name: 'a Kubernetes indexed job',
    variable: 'JOB_COMPLETION_INDEX',
    place: env => ({ index: whole(env, 'JOB_COMPLETION_INDEX', 0), count: null }),
  },
  {
    name: 'an AWS Batch array',
    variable: 'AWS_BATCH_JOB_ARRAY_INDEX',
    place: env => ({
      index: whole(env, 'AWS_BATCH_JOB_ARRAY_INDEX', 0),
      count: env.AWS_BATCH_JOB_ARRAY_SIZE ? whole(env, 'AWS_BATCH_JOB_ARRAY_SIZE', 1) : null,
    }),
  },
  {
    name: 'GNU parallel',
    variable: 'PARALLEL_SEQ',
    place: env => ({ index: whole(env, 'PARALLEL_SEQ', 1) - 1, count: null }),
  },
];

export const shardHelp =
  'this share of the pictures, i of n from 0, by a hash of their paths: 0/2 and 1/2 together make the whole; auto: of a Slurm array; ' +
  'auto/n: also of a Kubernetes indexed job, an AWS Batch array or GNU parallel of n';

/** The share that `--shard` asks for; null without it. Throws `BAD_USAGE`. */
export function shardOf(args: Arguments): Shard | null {
  const text = args.text('shard');
  return text === undefined ? null : parseShard(text, process.env);
}

/** `i/n`, `auto` or `auto/n`. Throws `BAD_USAGE` for anything else, and where the environment tells no share, two, or another. */
export function parseShard(text: string, env: Environment): Shard {
  const [, first, second] = /^(\d{1,6}|auto)(?:\/([1-9]\d{0,5}))?$/.exec(text) ?? [];
  const given = second === undefined ? null : Number(second);
  if (first === 'auto') return scheduled(text, given, env);
  if (first === undefined || given === null || Number(first) >= given)
    throw new AtrousError(
      'BAD_USAGE',
      `--shard ${text}: expected i/n with i from 0 to n − 1, such as 0/4, or auto or auto/n under a scheduler`,
    );
  return { index: Number(first), count: given };
}

export function printShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/** Whether a file is of this share. Its path lies below the folder that was given and has `/` between its parts; other files do not count, so more of them move none. */
export function isOwn({ index, count }: Shard, path: string): boolean {
  return fnv1a(path) % count === index;
}

/** 32 bits of Fowler, Noll and Vo's hash 1a, over UTF-8. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

function scheduled(text: string, given: number | null, env: Environment): Shard {
  const fail = (problem: string): never => {
    throw new AtrousError('BAD_USAGE', `--shard ${text}: ${problem}`);
  };
  const found = schedulers.filter(({ variable }) => env[variable]);
  if (found.length === 0) {
    const known = schedulers.map(({ name, variable }) => `${variable} (${name})`).join(', ');
    return fail(`no scheduler tells this process's share: none of ${known} is set; give i/n`);
  }
  if (found.length > 1) {
    const told = found.map(({ variable }) => `${variable} is ${env[variable]}`).join(', ');
    return fail(`${told}: two schedulers tell a share; give i/n`);
  }
  const [{ name, variable, place }] = found;
  const told = place(env);
  const count = given ?? told.count;
  if (count === null) return fail(`${name} tells a place (${variable} is ${env[variable]}), not how many there are: give auto/n`);
  if (told.count !== null && told.count !== count)
    return fail(`${name} has ${told.count} tasks and ${count} shares are asked for; give auto, or i/n`);
  if (told.index >= count)
    return fail(`${variable} is ${env[variable]}, beyond the last of ${count} shares; start as many processes as shares`);
  return { index: told.index, count };
}

/** Tasks MIN, MIN + STEP … up to MAX; a list with gaps has fewer than its ends and step say, and would leave shares to nobody. */
function placeInArray(env: Environment): Place {
  const [id, min, max, step] = [
    whole(env, 'SLURM_ARRAY_TASK_ID', 0),
    whole(env, 'SLURM_ARRAY_TASK_MIN', 0),
    whole(env, 'SLURM_ARRAY_TASK_MAX', 0),
    env.SLURM_ARRAY_TASK_STEP ? whole(env, 'SLURM_ARRAY_TASK_STEP', 1) : 1,
  ];
  const count = Math.floor((max - min) / step) + 1;
  const index = (id - min) / step;
  const tasks = env.SLURM_ARRAY_TASK_COUNT ? whole(env, 'SLURM_ARRAY_TASK_COUNT', 1) : count;
  if (!Number.isInteger(index) || index < 0 || index >= count || tasks !== count) {
    const said = ['ID', 'MIN', 'MAX', 'STEP', 'COUNT'].map(part => `${part} ${env[`SLURM_ARRAY_TASK_${part}`] ?? 'unset'}`);
    throw new AtrousError(
      'BAD_USAGE',
      `--shard: the Slurm array (${said.join(', ')}) is no range of tasks with this one in it: submit one such as --array=0-15, or give i/n`,
    );
  }
  return { index, count };
}

function whole(env: Environment, variable: string, least: number): number {
  const text = env[variable] ?? '';
  if (!/^\d{1,9}$/.test(text) || Number(text) < least)
    throw new AtrousError(
      'BAD_USAGE',
      `--shard: ${variable} is ${text ? `"${text.slice(0, 40)}"` : 'not set'}: expected a whole number of at least ${least}; or give i/n`,
    );
  return Number(text);
}
