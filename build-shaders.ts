// What a build embeds of `shaders/`: texts without comments in groups by who needs them, and the facts of every program.

import { minifyShaders } from './build-wgsl.ts';
import { blur } from './src/kernels/blur.ts';
import { matrices } from './src/kernels/matrices.ts';
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
import { assemble, CURVED, libsOf, MATRIX, type Precision, type ShaderTexts, WEIGHTS } from './src/shader/source.ts';
import { imagenet } from './src/weights/card.ts';

const PRECISIONS: readonly Precision[] = ['f32', 'half', 'f16'];
/** Libs of which `assemble` takes one for another. */
const CODECS = PRECISIONS.map(precision => `lib/${precision}`);
const WEIGHTS_CODECS = [WEIGHTS, `${WEIGHTS}.half`];
const MATRIX_WORDS = [MATRIX, `${MATRIX}.flags`];

/** A shader that RegSeg does not need and that ends in a curve. */
const CURVED_EXAMPLE = 'slide';

/** The group of what is in no other. */
const OTHERS = 'shaders-other';

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
      export const embedded = embeddedLibrary({
        workgroups: ${JSON.stringify(Object.fromEntries(workgroups))},
        groups: [${groups.map(([name, own]) => `{ shaders: ${JSON.stringify(own)}, load: () => import('${name}') }`).join()}],
        others: () => import('${OTHERS}'),
      });`,
    groups: new Map([...members].map(([name, own]) => [name, groupModule(texts, small, own)])),
  };
}

/**
 * Shaders by group: what draws results, what RegSeg's plans have on CPU adapters and on GPUs, what GPUs with subgroup matrices have in their place, what blurs
 * and counts, and what only other networks and inputs need. A page of RegSeg then fetches one of them, which draws as well; what two need is in both. This
 * decides on sizes alone: a plan with a shader that was not foreseen fetches its group as well.
 */
function groupsOf(shaders: readonly string[]): Map<string, readonly string[]> {
  const [cpu, gpu] = [planned(true), planned(false)];
  const [draw, finish] = [[overlay], [blur, shares, smooth]].map(finishes => finishes.map(({ name }) => name));
  const matrix = Object.values(matrices).map(({ shader }) => shader);
  const other = shaders.filter(shader => ![...cpu, ...gpu, ...draw, ...finish, ...matrix].includes(shader));
  return new Map([
    ['shaders-draw', draw],
    ['shaders-cpu', [...cpu, ...draw]],
    ['shaders-gpu', [...gpu, ...draw]],
    ['shaders-matrix', matrix],
    ['shaders-finish', finish],
    [OTHERS, other],
  ]);
}

/** Texts with all libs, and facts, of some shaders. */
function groupModule(texts: ShaderTexts, small: ShaderTexts, shaders: readonly string[]): string {
  const libs = new Set(shaders.flatMap(shader => libsOf(texts, shader)));
  // A program may get a codec that it does not name.
  for (const codecs of [CODECS, WEIGHTS_CODECS, MATRIX_WORDS])
    if (codecs.some(codec => libs.has(codec))) for (const codec of codecs) libs.add(codec);
  const own = [...libs, ...shaders].map(path => [path, small.get(path)!]);
  const facts = shaders.map(shader => [shader, factsLine(texts, shader)]);
  // Curves are with what only other networks need.
  if (shaders.includes(CURVED_EXAMPLE)) own.push([CURVED, small.get(CURVED)!]);
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
  const lines = PRECISIONS.map(precision => {
    const facts = reflect(assemble(texts, shader, precision), shader);
    const line = encodeFacts(facts);
    if (JSON.stringify(decodeFacts(line)) !== JSON.stringify(facts))
      throw new Error(`shaders/${shader}.wgsl: its facts do not survive "${line}"`);
    return line;
  });
  if (new Set(lines).size > 1) throw new Error(`shaders/${shader}.wgsl: its facts differ from precision to precision`);
  return lines[0];
}
