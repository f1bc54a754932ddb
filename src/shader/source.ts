// From files to one valid WGSL program: `// use lib/x.wgsl` lines are replaced by that file, the storage codec by the one asked for.
import { AtrousError } from '../errors.ts';
import type { ShaderFacts } from './reflect.ts';

/** How feature maps are stored: float32, two halves a word on any adapter, or native half floats (feature shader-f16). */
export type Precision = 'f32' | 'half' | 'f16';

/** How a step's weights are stored: float32, or two halves a word where they are large. */
export type WeightStore = 'f32' | 'half';

/** Texts by path without extension, as in `shaders/`: `pointwise`, `excite.workgroup`, `lib/f32`. */
export type ShaderTexts = ReadonlyMap<string, string>;

/** What the engine needs of `shaders/`: whole programs, and what reflection found in them. */
export interface ShaderLibrary {
  text(shader: string, precision: Precision, store?: WeightStore): string;
  facts(shader: string, precision: Precision): ShaderFacts;
}

const USE = /^\/\/ use (\S+)\.wgsl$/gm;
const CODEC = 'lib/f32';
const WEIGHTS = 'lib/weights';

/** Does a shader store through the codec? If not, its text is the same for every precision. */
export function usesCodec(texts: ShaderTexts, shader: string): boolean {
  return uses(texts, shader, CODEC);
}

/** Does a shader read its weights through theirs? If not, they are always float32. */
export function usesWeightsCodec(texts: ShaderTexts, shader: string): boolean {
  return uses(texts, shader, WEIGHTS);
}

function uses(texts: ShaderTexts, shader: string, wanted: string): boolean {
  return [...(texts.get(shader) ?? '').matchAll(USE)].some(([, lib]) => lib === wanted);
}

/** The whole program of a shader. Throws `BAD_SHADER` when a file is missing. */
export function assemble(texts: ShaderTexts, shader: string, precision: Precision, store: WeightStore = 'f32'): string {
  const text = (path: string): string => {
    const found = texts.get(path);
    if (found === undefined) throw new AtrousError('BAD_SHADER', `shaders/${path}.wgsl does not exist (wanted by ${shader})`);
    return found;
  };
  const chosen = (lib: string): string => {
    if (lib === CODEC) return `lib/${precision}`;
    return lib === WEIGHTS && store === 'half' ? `${WEIGHTS}.half` : lib;
  };
  return text(shader).replace(USE, (_line, lib: string) => text(chosen(lib)));
}
