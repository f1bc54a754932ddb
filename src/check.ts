// What callers hand over is read once, checked and copied: small checkers that say what they take. A new option is one line in a table of them.
import { AtrousError, brief, type ErrorCode } from './errors.ts';

/** The value as it is to be used. Throws `BAD_USAGE` that names it. */
export type Check<T> = (value: unknown, name: string) => T;

/** A checker for every option; none can be forgotten. */
export type Checks<T> = { readonly [name in keyof T]-?: Check<Exclude<T[name], undefined>> };

/** What foreign code throws while a value is read (a getter, a proxy's trap, a detached buffer) becomes an error that names the value. */
export function guarded<T>(name: string, work: () => T, code: ErrorCode = 'BAD_USAGE'): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AtrousError) throw error;
    throw new AtrousError(code, `${name} can't be read: ${brief(error)}`, { cause: error });
  }
}

/**
 * A copy of what a caller gives by name, each property read once; what is undefined counts as not given. Throws `BAD_USAGE` for what is no object, and
 * for a name that is not in the table: it would otherwise vanish without a word. `who` is the function: `load()`.
 */
export function readOptions<T extends object>(who: string, given: unknown, checks: Checks<T>): T {
  const known = Object.keys(checks) as (keyof T & string)[];
  if (given === undefined) return {} as T;
  return guarded(`${who}: the options`, () => {
    if (typeof given !== 'object' || given === null || Array.isArray(given) || ArrayBuffer.isView(given))
      throw new AtrousError('BAD_USAGE', `${who}: the options are ${brief(given)}: give an object with any of ${known.join(', ')}`);
    const unknown = Object.keys(given).filter(name => !(known as string[]).includes(name));
    if (unknown.length > 0)
      throw new AtrousError('BAD_USAGE', `${who} has no option ${brief(unknown.join(', '))}: there are ${known.join(', ')}`);
    const values = known.map(name => [name, guarded(name, () => (given as T)[name])] as const);
    return Object.fromEntries(
      values.flatMap(([name, value]) => (value === undefined ? [] : [[name, guarded(name, () => checks[name](value, name))]])),
    ) as T;
  });
}

function refuse(name: string, value: unknown, takes: string): never {
  throw new AtrousError('BAD_USAGE', `${name} is ${brief(value)}: it takes ${takes}`);
}

/** Of a type that `fits` tells; `takes` says it in words. */
export function such<T>(fits: (value: unknown) => boolean, takes: string): Check<T> {
  return (value, name) => (fits(value) ? (value as T) : refuse(name, value, takes));
}

export const text: Check<string> = such(value => typeof value === 'string' && value !== '', 'text');
export const flag: Check<boolean> = such(value => typeof value === 'boolean', 'true or false');
// biome-ignore lint/suspicious/noExplicitAny: what it is called with is the option's affair
export const callback: Check<(...values: any[]) => void> = such(value => typeof value === 'function', 'a function');
/** Polyfills and other windows have signals of their own. */
export const signal: Check<AbortSignal> = such(
  value =>
    value instanceof AbortSignal ||
    (isObject(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function'),
  'an AbortSignal',
);
export const url: Check<string | URL> = such(
  value => (typeof value === 'string' && value !== '') || value instanceof URL,
  'a URL or its text',
);
export const device: Check<GPUDevice> = such(
  value =>
    isObject(value) && typeof value.createComputePipelineAsync === 'function' && isObject(value.queue) && isObject(value.limits),
  'a GPUDevice',
);

export const encoder: Check<GPUCommandEncoder> = such(
  value => isObject(value) && typeof value.beginComputePass === 'function' && typeof value.copyBufferToTexture === 'function',
  'a GPUCommandEncoder',
);
export const texture: Check<GPUTexture> = such(
  value => isObject(value) && typeof value.createView === 'function' && typeof value.format === 'string',
  'a GPUTexture',
);

export function oneOf<T extends string>(...allowed: readonly T[]): Check<T> {
  return (value, name) => {
    if (allowed.includes(value as T)) return value as T;
    throw new AtrousError('BAD_USAGE', `${name} ${brief(value)}: allowed are ${allowed.join(', ')}`);
  };
}

export function number(from: number, to: number): Check<number> {
  return such(
    value => Number.isFinite(value) && (value as number) >= from && (value as number) <= to,
    `a number from ${from} to ${to}`,
  );
}

export function whole(from: number, to: number): Check<number> {
  return such(
    value => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
    `a whole number from ${from} to ${to}`,
  );
}

export function list<T>(item: Check<T>): Check<readonly T[]> {
  return (value, name) => {
    if (!Array.isArray(value)) return refuse(name, value, 'a list');
    return Array.from(value, (each, index) => item(each, `${name}[${index}]`));
  };
}

/** The first checker that takes the value; `takes` says all of them. */
export function either<T>(takes: string, ...checks: readonly Check<T>[]): Check<T> {
  return (value, name) => {
    for (const check of checks) {
      try {
        return check(value, name);
      } catch (error) {
        if (!(error instanceof AtrousError)) throw error;
      }
    }
    return refuse(name, value, takes);
  };
}

/** An object of which every property is needed. Others are left out: an ImageData or a rectangle may be given for a size. */
export function shape<T extends object>(checks: Checks<T>): Check<T> {
  const names = Object.keys(checks) as (keyof T & string)[];
  return (value, name) => {
    if (!isObject(value)) return refuse(name, value, `{ ${names.join(', ')} }`);
    const values = names.map(each => [each, guarded(`${name}.${each}`, () => value[each])] as const);
    return Object.fromEntries(values.map(([each, part]) => [each, checks[each](part, `${name}.${each}`)])) as T;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Pixels of a side: no adapter has textures of half as many. */
const pixels: Check<number> = whole(1, 2 ** 28);
export const size: Check<{ readonly height: number; readonly width: number }> = shape({ height: pixels, width: pixels });
