// From files to one valid WGSL program: `// use lib/x.wgsl` lines are replaced by that file, the storage codec by the one asked for.
import { AtrousError } from '../errors.ts';
import type { ShaderFacts } from './reflect.ts';

/** How feature maps are stored: float32, two halves a word on any adapter, or native half floats (feature shader-f16). */
export type Precision = 'f32' | 'half' | 'f16';

/** What a plan stores them in: `half` is four numbers under one step a quad where a network asks for it (shaders/lib/block.wgsl). */
export type Codec = Precision | 'block';

/** How a step's weights are stored: float32, or two halves a word where they are large. */
export type WeightStore = 'f32' | 'half';

/** A form of subgroup matrices that an adapter has: m×k by k×n. */
export interface MatrixForm {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly operands: 'f16' | 'i8';
  readonly sums: 'f32' | 'i32';
  /** Of the subgroup that holds a matrix. */
  readonly lanes: number;
  /** Has the adapter subgroups of other sizes too, so that this one must be asked for? */
  readonly sized: boolean;
}

/** Texts by path without extension, as in `shaders/`: `pointwise`, `excite.workgroup`, `lib/f32`. */
export type ShaderTexts = ReadonlyMap<string, string>;

/** What the engine needs of `shaders/`: whole programs, and what reflection found in them. */
export interface ShaderLibrary {
  /** All that planning needs of a shader. */
  brief(shader: string): Pick<ShaderFacts, 'workgroup'>;
  /** Fetches what is not here yet of these shaders in a precision: a build holds them in several files. `text` and `facts` need it. */
  load(shaders: Iterable<string>, precision: Codec): Promise<void>;
  /** `curved`: with the other form of `lib/activation`; `earlier`: with subgroup matrices in the language's earlier words. */
  text(shader: string, precision: Codec, store?: WeightStore, curved?: boolean, earlier?: boolean): string;
  facts(shader: string, precision: Codec): ShaderFacts;
}

const USE = /^\/\/ use (\S+)\.wgsl$/gm;
/** The storage codec that a shader names, and the one of its weights: `assemble` takes others in their place. */
export const CODEC = 'lib/f32';
export const WEIGHTS = 'lib/weights';
/** What a shader's sums end in, and its form for every curve but a ReLU: a step that has `CURVE` among its overrides wants that. */
export const ACTIVATION = 'lib/activation';
export const CURVED = `${ACTIVATION}.curve`;

export interface Ended {
  readonly shader: string;
  readonly overrides: Readonly<Record<string, unknown>>;
}

export function isCurved({ overrides }: Pick<Ended, 'overrides'>): boolean {
  return 'CURVE' in overrides;
}

/** All that must be loaded for some steps. */
export function shadersOf(steps: readonly Ended[]): string[] {
  return steps.flatMap(step => (isCurved(step) ? [step.shader, CURVED] : step.shader));
}

/** The words that load and store matrices, of halves and of codes; each has an earlier form beside it, `.flags`. */
export const MATRIX = /^lib\/matrix(\.codes)?$/;

/** The libs that a shader names. */
export function libsOf(texts: ShaderTexts, shader: string): string[] {
  return [...(texts.get(shader) ?? '').matchAll(USE)].map(([, lib]) => lib);
}

/** The whole program of a shader. Throws `BAD_SHADER` when a file is missing. */
export function assemble(
  texts: ShaderTexts,
  shader: string,
  precision: Codec,
  store: WeightStore = 'f32',
  curved = false,
  earlier = false,
): string {
  const text = (path: string): string => {
    const found = texts.get(path);
    if (found === undefined) throw new AtrousError('BAD_SHADER', `shaders/${path}.wgsl does not exist (wanted by ${shader})`);
    return found;
  };
  const chosen = (lib: string): string => {
    if (lib === CODEC) return `lib/${precision}`;
    if (earlier && MATRIX.test(lib)) return `${lib}.flags`;
    if (lib === ACTIVATION && curved) return CURVED;
    return lib === WEIGHTS && store === 'half' ? `${WEIGHTS}.half` : lib;
  };
  return text(shader).replace(USE, (_line, lib: string) => text(chosen(lib)));
}
