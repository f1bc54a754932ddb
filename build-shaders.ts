// What a build embeds of `shaders/`: texts without comments in groups by who needs them, and the facts of every program.

import { minifyShaders } from './build-wgsl.ts';
import { blur } from './src/kernels/blur.ts';
import { matrices } from './src/kernels/matrices.ts';
import { octets } from './src/kernels/octets.ts';
import { overlay } from './src/kernels/overlay.ts';
import { shares } from './src/kernels/shares.ts';
import { smooth } from './src/kernels/smooth.ts';
import { findNetwork } from './src/models/registry.ts';
import { fileLibrary, readShaders } from './src/node/shader-files.ts';
import { fuse } from './src/passes/index.ts';
import { defaultFacts, targetOf } from './src/plan/choose.ts';
import { lower } from './src/plan/lower.ts';
import { decodeFacts, encodeFacts, USUAL_LANES } from './src/shader/embedded.ts';
import { reflect } from './src/shader/reflect.ts';
import { assemble, type Codec, CURVED, libsOf, MATRIX, type ShaderTexts, WEIGHTS } from './src/shader/source.ts';
import { imagenet } from './src/weights/card.ts';

const CODECS: readonly Codec[] = ['f32', 'half', 'f16', 'block'];
/** What `assemble` puts in the place of libs where something is stored as halves. */
const halves = ['lib/half', 'lib/f16', `${WEIGHTS}.half`];
/** The same in blocks, with what only other networks need. */
const blocks = ['lib/block', `${WEIGHTS}.half`];

/** A shader that RegSeg does not need and that ends in a curve. */
const CURVED_EXAMPLE = 'slide';

/** The group of what is in no other. */
const OTHERS = 'shaders-other';
/** That of `halves`. */
const HALVES = 'shaders-halves';

/** Modules: the one that stands for src/shader/library.ts, and by name those that it imports when a plan needs them. */
export function embeddedShaders(): { library: string; groups: Map<string, string> } {
  const texts = readShaders();
  const shaders = [...texts.keys()].filter(path => !path.startsWith('lib/'));
  const small = minifyShaders(texts);
  const members = groupsOf(shaders);
  const groups = [...members].filter(([name]) => name !== OTHERS);
  const workgroups = shaders
    .map(shader => [shader, reflect(assemble(texts, shader, 'f32'), shader).workgroup])
    .filter(([, workgroup]) => workgroup !== USUAL_LANES);
  return {
    library: `import { embeddedLibrary } from './src/shader/embedded.ts';
      export const unembedded = null;
      export const embedded = embeddedLibrary({
        workgroups: ${JSON.stringify(Object.fromEntries(workgroups))},
        groups: [${groups.map(([name, own]) => `{ shaders: ${JSON.stringify(own)}, load: () => import('${name}') }`).join()}],
        others: () => import('${OTHERS}'),
        halves: () => import('${HALVES}'),
      });`,
    groups: new Map([
      ...[...members].map(([name, own]): [string, string] => [name, groupModule(texts, small, own)]),
      [HALVES, moduleOf(halves, small, [])],
    ]),
  };
}

/**
 * Shaders by group: what draws results, what RegSeg's plans have on CPU adapters and on GPUs, what GPUs with subgroup matrices have in their place and CPU
 * adapters with subgroups of eight lanes, what blurs and counts, and what only other networks and inputs need. A page of RegSeg then fetches one of them or
 * two, which draw as well; what two need is in both. This decides on sizes alone: a plan with a shader that was not foreseen fetches its group as well.
 */
function groupsOf(shaders: readonly string[]): Map<string, readonly string[]> {
  const [cpu, gpu] = [planned(true), planned(false)];
  const [draw, finish] = [[overlay], [blur, shares, smooth]].map(finishes => finishes.map(({ name }) => name));
  const matrix = Object.values(matrices).flatMap(rows => rows.map(({ shader }) => shader));
  const octet = Object.values(octets).map(({ shader }) => shader);
  const other = shaders.filter(shader => ![...cpu, ...gpu, ...draw, ...finish, ...matrix, ...octet].includes(shader));
  return new Map([
    ['shaders-draw', draw],
    ['shaders-cpu', [...cpu, ...draw]],
    ['shaders-gpu', [...gpu, ...draw]],
    ['shaders-matrix', matrix],
    ['shaders-octet', [...octet, ...draw]],
    ['shaders-finish', finish],
    [OTHERS, other],
  ]);
}

/** With all libs that the shaders name. */
function groupModule(texts: ShaderTexts, small: ShaderTexts, shaders: readonly string[]): string {
  const libs = new Set(shaders.flatMap(shader => libsOf(texts, shader)));
  // An adapter may want its other form.
  for (const lib of [...libs].filter(each => MATRIX.test(each))) libs.add(`${lib}.flags`);
  // Curves are with what only other networks need.
  if (shaders.includes(CURVED_EXAMPLE)) for (const lib of [CURVED, ...blocks]) libs.add(lib);
  const facts = shaders.map((shader): [string, string] => [shader, factsLine(texts, shader)]);
  return moduleOf([...libs, ...shaders], small, facts);
}

function moduleOf(paths: readonly string[], small: ShaderTexts, facts: readonly [shader: string, line: string][]): string {
  const own = paths.map(path => [path, small.get(path)!]);
  return `export const texts = ${JSON.stringify(Object.fromEntries(own))}; export const facts = ${JSON.stringify(Object.fromEntries(facts))};`;
}

/** The shaders of RegSeg's plans for pictures and for video. */
function planned(software: boolean): string[] {
  const facts = { ...defaultFacts, software, features: ['subgroups'] };
  const frame = { h: 64, w: 128 };
  const graph = findNetwork('regseg').build({ classes: 11, ...frame });
  const target = { precision: 'f32', facts, variants: 'auto' } as const;
  const options = { ...target, ...imagenet, frame, shaderFacts: fileLibrary().brief };
  const plans = (['texture', 'external'] as const).map(stem => lower(fuse(graph, targetOf(target)), { ...options, stem }));
  return [...new Set(plans.flatMap(({ steps }) => steps.map(({ shader }) => shader)))];
}

/** Facts are the same in every precision, and short: both are checked here. */
function factsLine(texts: ShaderTexts, shader: string): string {
  const lines = CODECS.map(precision => {
    const facts = reflect(assemble(texts, shader, precision), shader);
    const line = encodeFacts(facts);
    if (JSON.stringify(decodeFacts(line)) !== JSON.stringify(facts))
      throw new Error(`shaders/${shader}.wgsl: its facts do not survive "${line}"`);
    return line;
  });
  if (new Set(lines).size > 1) throw new Error(`shaders/${shader}.wgsl: its facts differ from precision to precision`);
  return lines[0];
}
