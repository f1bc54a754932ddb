// The shaders of a build: every file's text once, in groups that are fetched when a plan needs them, and what reflection found in the programs, as
// one short line each. Programs are joined here as they are in the repository.
import type { Binding, Field, ShaderFacts } from './reflect.ts';
import { assemble, type ShaderLibrary } from './source.ts';

/** By path, as in `shaders/`; `facts` in the form of `encodeFacts`. */
export interface ShaderGroup {
  readonly texts: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, string>>;
}

/** Of a workgroup. */
export const USUAL_LANES = 64;

export interface EmbeddedShaders {
  /** Where they are not the usual. */
  readonly workgroups: Readonly<Record<string, ShaderFacts['workgroup']>>;
  /** A shader may be in several, whole with its libs. */
  readonly groups: readonly { readonly shaders: readonly string[]; load(): Promise<ShaderGroup> }[];
  /** All shaders that no group has, and the codec that only they are in plans with. */
  others(): Promise<ShaderGroup>;
  /** The codecs of halves, which take the place of those for float32. */
  halves(): Promise<ShaderGroup>;
}

export function embeddedLibrary({ workgroups, groups, others, halves }: EmbeddedShaders): ShaderLibrary {
  const texts = new Map<string, string>();
  const facts = new Map<string, ShaderFacts>();
  return {
    brief: shader => ({ workgroup: workgroups[shader] ?? USUAL_LANES }),
    async load(wanted, precision) {
      const missing = new Set([...wanted].filter(shader => !facts.has(shader)));
      const fetched = precision === 'f32' ? [] : [precision === 'block' ? others() : halves()];
      while (missing.size > 0) {
        // The first group that holds the most of them: as a rule, all.
        const [best] = [...groups].sort((a, b) => shared(b.shaders, missing) - shared(a.shaders, missing));
        if (shared(best.shaders, missing) === 0) {
          fetched.push(others());
          break;
        }
        fetched.push(best.load());
        for (const shader of best.shaders) missing.delete(shader);
      }
      for (const group of await Promise.all(fetched)) {
        for (const [path, text] of Object.entries(group.texts)) texts.set(path, text);
        for (const [shader, line] of Object.entries(group.facts)) facts.set(shader, decodeFacts(line));
      }
    },
    text: (...wanted) => assemble(texts, ...wanted),
    facts: shader => facts.get(shader)!,
  };
}

function shared(shaders: readonly string[], wanted: ReadonlySet<string>): number {
  return shaders.filter(shader => wanted.has(shader)).length;
}

const TYPES: Readonly<Record<string, string>> = { '': 'u32', '~': 'f32', ';': 'vec2u', ':': 'vec4u', '*': 'vec4f' };
const KINDS: Readonly<Record<string, Binding['kind']>> = {
  '@': 'uniform',
  '': 'read',
  '>': 'write',
  '#': 'texture',
  '%': 'integers',
  '!': 'external',
  '=': 'texels',
};

/** `@params #frame weights >y|height width scale~|POOLED? QUADS|64`: bindings, parameters, overrides, lanes of a workgroup, in their order. */
export function encodeFacts({ bindings, params, overrides, workgroup }: ShaderFacts): string {
  const mark = (marks: Readonly<Record<string, string>>, meaning: string): string =>
    Object.keys(marks).find(key => marks[key] === meaning)!;
  return [
    bindings.map(({ name, kind }) => mark(KINDS, kind) + name).join(' '),
    params.fields.map(({ name, type }) => name + mark(TYPES, type)).join(' '),
    Object.entries(overrides)
      .map(([name, type]) => (type === 'bool' ? `${name}?` : name))
      .join(' '),
    workgroup,
  ].join('|');
}

/** The other way; offsets follow from the order (WGSL, "Alignment and Size": a vec4 takes 16 bytes, a vec2 8, and begins at a multiple of them). */
export function decodeFacts(line: string): ShaderFacts {
  const [bound, fields, flags, workgroup] = line.split('|');
  const words = (list: string): string[] => list.split(' ').filter(Boolean);
  let end = 0;
  const placed = words(fields).map((word): Field => {
    const [, name, mark] = /^(\w+)(\W?)$/.exec(word)!;
    const type = TYPES[mark];
    const size = type.startsWith('vec4') ? 16 : type.startsWith('vec2') ? 8 : 4;
    const offset = Math.ceil(end / size) * size;
    end = offset + size;
    return { name, offset, type };
  });
  return {
    bindings: words(bound).map((word, binding): Binding => {
      const [, mark, name] = /^(\W?)(\w+)$/.exec(word)!;
      return { name, binding, kind: KINDS[mark] };
    }),
    params: { size: Math.ceil(end / 16) * 16, fields: placed },
    overrides: Object.fromEntries(words(flags).map(word => (word.endsWith('?') ? [word.slice(0, -1), 'bool'] : [word, 'u32']))),
    workgroup: /^\d/.test(workgroup) ? Number(workgroup) : workgroup,
  };
}
