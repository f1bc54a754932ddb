// An engine in a process of its own, so that two engines share neither a device nor a heap: questions go in, answers come out, one at a time,
// and only the process that is asked works. Loading, then runs in turns: ours, theirs, ours, theirs.

import { type ChildProcess, fork } from 'node:child_process';
import { AtrousError, describe, type ErrorCode } from '../src/errors.ts';
import type { Tuned } from '../src/plan/choose.ts';
import type { Size } from './network.ts';

/** What an engine is to load. `engine` says which; the rest is for those that want it. */
export interface EngineSpec {
  readonly engine: string;
  readonly model: string;
  readonly size: Size;
  readonly precision: string;
  readonly variants: string | readonly string[];
  readonly adapter?: string;
  /** The fastest by the parent’s run; undefined: those that ship. */
  readonly tuned?: Tuned;
  readonly toggles: Toggles;
  /** Of onnxruntime: its provider, and its file. */
  readonly provider?: string;
  readonly onnx?: string;
}

export interface Toggles {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
}

/** What a run ends with in CPU memory: a class a pixel, or scores that the caller has to compare. */
export type Tail = 'classes' | 'scores';

export interface EngineHandle {
  readonly name: string;
  readonly version: string;
  /** What it runs on, as far as it says. */
  readonly on: string;
  run(tail: Tail): Promise<void>;
  /** Of the last run, h×w. */
  classes(): Promise<Uint8Array>;
  end(): void;
}

type Question =
  | { readonly ask: 'load'; readonly spec: EngineSpec }
  | { readonly ask: 'run'; readonly tail: Tail }
  | { readonly ask: 'classes' };
type Answer = { readonly value: unknown } | { readonly error: string; readonly code?: ErrorCode };

/** In the child: answers until the parent lets go. Times are taken here, so that no message is timed. */
export function serve(open: (spec: EngineSpec) => Promise<EngineHandle>): void {
  let engine: EngineHandle | undefined;
  const answer = async (question: Question): Promise<unknown> => {
    const begin = performance.now();
    if (question.ask === 'load') {
      engine = await open(question.spec);
      const { name, version, on } = engine;
      return { name, version, on, ms: performance.now() - begin };
    }
    if (question.ask === 'classes') return engine!.classes();
    await engine!.run(question.tail);
    return performance.now() - begin;
  };
  process.on('message', (question: Question) => {
    answer(question)
      .then((value): Answer => ({ value }))
      .catch((error): Answer => ({ error: describe(error), code: error instanceof AtrousError ? error.code : undefined }))
      .then(reply => process.send!(reply));
  });
  process.on('disconnect', () => {
    engine?.end();
    process.exit();
  });
}

export interface EngineAbout {
  readonly name: string;
  readonly version: string;
  readonly on: string;
  /** Milliseconds that loading took. */
  readonly ms: number;
}

/** The parent's end of an engine. */
export interface Engine {
  load(spec: EngineSpec): Promise<EngineAbout>;
  /** Milliseconds. */
  run(tail: Tail): Promise<number>;
  classes(): Promise<Uint8Array>;
  end(): Promise<void>;
}

/** Nothing that an engine is asked takes longer: a frame of 1024×1024 is a quarter of an hour of onnxruntime's WebGPU on a software adapter of two busy cores. */
const LIMIT_MS = 3_600_000;

/** Starts a script that calls `serve`. Every call throws `NO_ADAPTER` with its last words when the process ends or hangs. */
export function startEngine(script: string, words: readonly string[], env: NodeJS.ProcessEnv = {}, limit = LIMIT_MS): Engine {
  const child = fork(script, [...words], {
    env: { ...process.env, ...env },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr!.on('data', chunk => (stderr = (stderr + chunk).slice(-2000)));
  const ask = async <T>(question: Question): Promise<T> => {
    const answer = await answerOf(child, question, limit, () => stderr);
    if ('error' in answer) throw new AtrousError(answer.code ?? 'NO_ADAPTER', answer.error);
    return answer.value as T;
  };
  return {
    load: spec => ask({ ask: 'load', spec }),
    run: tail => ask({ ask: 'run', tail }),
    classes: () => ask({ ask: 'classes' }),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise(resolve => child.once('exit', resolve));
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      if (child.connected) child.disconnect();
      await gone;
      clearTimeout(late);
    },
  };
}

function answerOf(child: ChildProcess, question: Question, limit: number, said: () => string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.off('error', onExit);
    };
    const fail = (what: string): void => {
      finish();
      const last = said().trim().split('\n').at(-1);
      reject(new AtrousError('NO_ADAPTER', `the engine's process ${what} when asked to ${question.ask}${last ? `: ${last}` : ''}`));
    };
    const onMessage = (answer: unknown): void => {
      finish();
      resolve(answer as Answer);
    };
    const onExit = (code: unknown, signal?: unknown): void =>
      fail(code instanceof Error ? `failed (${code.message})` : `ended with ${signal ?? `exit code ${code}`}`);
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was silent for ${limit / 1000} s`);
    }, limit);
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.on('error', onExit);
    if (child.exitCode !== null || child.signalCode !== null) return onExit(child.exitCode, child.signalCode);
    child.send(question, error => error && fail(`can't be reached (${error.message})`));
  });
}
