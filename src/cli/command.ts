// What a command is, and how its words become values: every mistake names the option, what was given and what is allowed.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { AtrousError, describe } from '../errors.ts';
import { isThreshold, precisions } from '../front/given.ts';
import type { Tiling } from '../image/tiles.ts';
import type { VariantChoice } from '../plan/choose.ts';
import { checkChoice } from '../plan/names.ts';
import type { SegmentOptions } from '../segmenter.ts';
import type { Precision } from '../shader/source.ts';
import { normalised, type Preprocessing } from '../weights/card.ts';

export type Options = NonNullable<ParseArgsConfig['options']>;

export interface Arguments {
  /** As they were given. */
  readonly words: readonly string[];
  readonly positionals: readonly string[];
  text(option: string): string | undefined;
  flag(option: string): boolean;
  /** Comma-separated, of an option that may stand several times all together. */
  list(option: string): string[];
}

export interface Command {
  readonly usage: string;
  readonly about: string;
  /** Option → one line of help. */
  readonly help: Readonly<Record<string, string>>;
  readonly options: Options;
  /** Returns the exit code. */
  run(args: Arguments): Promise<number>;
}

/** Options that several commands share. */
export const shared = {
  model: { type: 'string', short: 'm' },
  weights: { type: 'string', short: 'w' },
  output: { type: 'string', short: 'o' },
  adapter: { type: 'string' },
  precision: { type: 'string' },
  variants: { type: 'string' },
  json: { type: 'boolean' },
  card: { type: 'string' },
  key: { type: 'string' },
  labels: { type: 'string' },
  size: { type: 'string' },
  tile: { type: 'string' },
  threshold: { type: 'string' },
  'output-name': { type: 'string' },
  scale: { type: 'string' },
  mean: { type: 'string' },
  std: { type: 'string' },
  channels: { type: 'string' },
  enable: { type: 'string' },
  disable: { type: 'string' },
} as const satisfies Options;

export const sharedHelp = {
  model:
    'network: regseg, regseg-large, <body>_<decoder>, dilation8_camvid (others: atrous models), a name with weights such as regseg-camvid, or an ONNX file',
  weights: 'weights file: .safetensors, .pth or .caffemodel',
  output: 'where the result goes',
  adapter: 'software, hardware, or part of the adapter’s name',
  precision: 'f32, half, f16 or auto; int8 for files of int8 codes, whose auto it is',
  variants: 'auto, plain, or names of kernel variants',
  json: 'one JSON object a line on stdout, all else on stderr',
  card: 'card (JSON) with classes, palette and preprocessing',
  key: 'dict of a checkpoint to take, dots between nested ones, such as model_ema; default: the one that fits',
  labels: 'class names, one a line, with r,g,b behind where a colour is wanted',
  size: 'height×width inside the network, such as 512x1024',
  tile: 'DilatedNet: published (default), none (the picture as one), or height×width of a tile with its margins, such as 644x644',
  threshold: 'networks with a single channel of scores: the probability above which a pixel is the class, default 0.5',
  'output-name': 'ONNX files: the output that is meant; default: the first',
  scale: 'what 0 to 255 is multiplied with before --mean is taken off and --std divides; default 1/255; instead of the card',
  mean: 'a,b,c of red, green and blue; default 0,0,0 where --scale or --std is given',
  std: 'a,b,c of red, green and blue; default 1,1,1 where --scale or --mean is given',
  channels: 'order of the network’s input planes, rgb or bgr; instead of the card',
  enable: 'Dawn toggles to switch on, such as skip_validation; allow_unsafe_apis shows subgroup matrices',
  disable: 'Dawn toggles to switch off',
} as const;

/** How pictures stand to the network, and what makes classes of its scores. */
export type Inside = Pick<SegmentOptions, 'size' | 'tile' | 'threshold'>;

/** Throws `BAD_USAGE` for options that the command does not have, or that lack a value. */
export function parse(name: string, command: Command, words: readonly string[]): Arguments {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...words], options: command.options, allowPositionals: true, strict: true });
  } catch (error) {
    const known = Object.keys(command.options).map(option => `--${option}`);
    // Node says more in further sentences, of which the last one of a value with a dash tells how to write it.
    const [first, ...rest] = describe(error).split(/[.?]\s+/);
    const hint = first.endsWith('ambiguous') ? `: ${rest.at(-1)!.replace(/^T|\.$/g, end => (end === 'T' ? 't' : ''))}` : '';
    throw new AtrousError('BAD_USAGE', `${name}: ${first}${hint}; options are ${known.join(' ') || 'none'}`);
  }
  const values = parsed.values as Record<string, string | boolean | string[] | undefined>;
  for (const [option, value] of Object.entries(values)) {
    // Of commas alone too: a list of nothing would be no option at all.
    if ([value].flat().some(text => typeof text === 'string' && /^[\s,]*$/.test(text)))
      throw new AtrousError('BAD_USAGE', `${name}: --${option} is empty: ${command.help[option] ?? 'it needs a value'}`);
  }
  return {
    words,
    positionals: parsed.positionals,
    text: option => values[option] as string | undefined,
    flag: option => values[option] === true,
    list: option =>
      [values[option] ?? []]
        .flat()
        .flatMap(text => String(text).split(/\s*,\s*/))
        .filter(Boolean),
  };
}

/** Exactly one word beside the options. */
export function onePositional(name: string, args: Arguments, what: string): string {
  if (args.positionals.length !== 1) {
    throw new AtrousError(
      'BAD_USAGE',
      `${name} takes one ${what}, ${args.positionals.length} given${args.positionals.length ? `: ${args.positionals.join(' ')}` : ''}`,
    );
  }
  return args.positionals[0];
}

/** For commands that take options only. */
export function noPositionals(name: string, args: Arguments): void {
  if (args.positionals.length > 0)
    throw new AtrousError('BAD_USAGE', `${name} takes options only, not ${args.positionals.join(' ')}`);
}

export function required(args: Arguments, option: string, name: string): string {
  const value = args.text(option);
  if (!value)
    throw new AtrousError('BAD_USAGE', `${name} needs --${option}: ${sharedHelp[option as keyof typeof sharedHelp] ?? 'a file'}`);
  return value;
}

/** What `--size`, `--tile` and `--threshold` say, as `segment` takes it. */
export function insideOf(args: Arguments): Inside {
  const size = sizeOf(args);
  const tile = args.text('tile');
  const threshold = args.text('threshold');
  return {
    ...(size && { size: { height: size.h, width: size.w } }),
    ...(tile !== undefined && { tile: tilingOf(tile) }),
    ...(threshold !== undefined && { threshold: parseThreshold(threshold) }),
  };
}

/** What `--scale`, `--mean`, `--std` and `--channels` say instead of a card. */
export function preprocessingOf(args: Arguments): Partial<Preprocessing> {
  const numbers = (option: string, count: number, expected: string): number[] | undefined => {
    const text = args.text(option);
    if (text === undefined) return undefined;
    const list = text.split(',').map(part => (part.trim() === '' ? Number.NaN : Number(part)));
    if (list.length !== count || !list.every(value => Number.isFinite(value) && (option === 'mean' || value > 0)))
      throw new AtrousError('BAD_USAGE', `--${option} ${text}: expected ${expected}`);
    return list;
  };
  const scale = numbers('scale', 1, 'a number above 0, such as 0.00392157')?.[0];
  const mean = numbers('mean', 3, 'three numbers, of red, green and blue, such as 0.485,0.456,0.406');
  const std = numbers('std', 3, 'three numbers above 0, of red, green and blue, such as 0.229,0.224,0.225');
  const channels = args.text('channels');
  if (channels !== undefined && channels !== 'rgb' && channels !== 'bgr')
    throw new AtrousError('BAD_USAGE', `--channels ${channels}: allowed are rgb, bgr`);
  return { ...((scale ?? mean ?? std) !== undefined && normalised({ scale, mean, std })), ...(channels && { channels }) };
}

function parseThreshold(text: string): number {
  const threshold = /^[\d.]+(e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!isThreshold(threshold))
    throw new AtrousError('BAD_USAGE', `--threshold ${text}: expected a probability between 0 and 1, both excluded, such as 0.5`);
  return threshold;
}

function tilingOf(text: string): Tiling {
  if (text === 'published' || text === 'none') return text;
  const { h, w } = parseSize('--tile', text, 'published, none or height×width in whole pixels, such as 644x644');
  return { height: h, width: w };
}

/** `HxW` → height and width. */
export function sizeOf(args: Arguments): { h: number; w: number } | undefined {
  const text = args.text('size');
  return text === undefined ? undefined : parseSize('--size', text);
}

export function parseSize(
  option: string,
  text: string,
  expected = 'height×width in whole pixels, such as 512x1024',
): { h: number; w: number } {
  const match = /^([1-9]\d{0,5})[x×]([1-9]\d{0,5})$/.exec(text);
  if (!match) throw new AtrousError('BAD_USAGE', `${option} ${text}: expected ${expected}`);
  return { h: Number(match[1]), w: Number(match[2]) };
}

/** Of commands that look at pictures: `auto` is settled once a model is on its device. */
export function precisionOf(args: Arguments): Precision | 'int8' | 'auto' {
  const text = (args.text('precision') ?? 'auto') as Precision | 'int8' | 'auto';
  if (!precisions.includes(text)) throw new AtrousError('BAD_USAGE', `--precision ${text}: allowed are ${precisions.join(', ')}`);
  return text;
}

/** Of commands that compare: f32 unless another is named. Those that take files of `codes` in int8 have the numbers beside them in f32; others refuse it. */
export function exactPrecisionOf(args: Arguments, codes = false): Precision {
  const precision = precisionOf(args);
  if (precision === 'int8' && !codes)
    throw new AtrousError('BAD_USAGE', '--precision int8 is for files of int8 codes, and none is read here: leave it out');
  return precision === 'auto' || precision === 'int8' ? 'f32' : precision;
}

export function variantsOf(args: Arguments): VariantChoice {
  const text = args.text('variants') ?? 'auto';
  const choice = text === 'auto' || text === 'plain' ? text : text.split(',');
  if (typeof choice !== 'string') checkChoice(choice);
  return choice;
}

/** A whole number of at least 1. */
export function countOf(args: Arguments, option: string, otherwise: number): number {
  const text = args.text(option);
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new AtrousError('BAD_USAGE', `--${option} ${text}: expected a whole number of at least 1`);
  return Number(text);
}

/** What `--help` says of a command. */
export function usage({ usage: line, about, help, options }: Omit<Command, 'run'>): string {
  const rows = Object.entries(options).map(([name, { short }]) => `  --${name}${short ? `, -${short}` : ''}`);
  const width = Math.max(...rows.map(row => row.length));
  const lines = Object.keys(options).map((name, n) => `${rows[n].padEnd(width)}  ${help[name] ?? ''}`.trimEnd());
  return `atrous ${line}\n${about}\n\n${lines.join('\n')}`;
}
