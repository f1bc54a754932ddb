// What a page that loads a RegSeg by its name never runs waits, in a browser's build, until a page loads something else: rules, passes, kernels and decoders
// that only other networks need, and the checks of graphs and descriptors, which that network has passed. The tables that list them
// have holes in their places, which they fill; elsewhere placeholders stand for them, which become them. Which passes and kernels these are is found out, so
// that a new one is late unless RegSeg needs it.
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'rolldown';
import { shapeOf } from './src/graph/constant.ts';
import { furtherOps } from './src/graph/further-ops.ts';
import { weightStore } from './src/graph/layout.ts';
import { withScores } from './src/graph/scores.ts';
import { kernelFor } from './src/kernels/index.ts';
import type { Kernel } from './src/kernels/kernel.ts';
import { winograds } from './src/kernels/winograd.ts';
import { regsegNetwork } from './src/models/regseg-network.ts';
import { fuse } from './src/passes/index.ts';
import type { Pass } from './src/passes/pass.ts';
import { defaultFacts, targetOf } from './src/plan/choose.ts';

const LATE = 'late';
const BARRIERS = 'barriers';
const MATRICES = 'matrices';
const OCTETS = 'octets';
const PREPROCESS = 'preprocess';
const LIMITS = 'limits';
const PLACEHOLDER = 'placeholder:';
const SLOTS = 'slots';
const root = import.meta.dirname;

/** Tables of passes and kernels by module. `flat`, `flatMap` and `filter`, which go through them, see no holes. */
const tables: readonly (readonly [path: string, names: readonly string[]])[] = [
  [join(root, 'src/kernels/index.ts'), ['early', 'apart']],
  [join(root, 'src/passes/index.ts'), ['passes']],
];

/** What stands elsewhere for the objects that modules of a room export, until they are there. */
const KERNEL = '{}';
const PASS = '{ apply: graph => graph }';

/** Modules of rooms in which the code can't tell what a RegSeg needs, and what stands for their objects. */
const named: readonly [string, string][] = [
  ...row('gpu', '{}', ['descriptors']),
  ...row('graph', '{}', ['faults', 'further-ops', 'further-pen', 'rearranged', 'single']),
  ...row('kernels', '{}', ['curved', 'winograd']),
  ...row('kernels', '[]', ['further']),
  ...row('models', '{}', ['bodies', 'other-decoders']),
  ...row('passes', '{}', ['further-ends']),
  ...row('shader', '{}', ['checks']),
  ...row('weights', '{}', ['decoders', 'halves', 'network-reasons']),
];
/** The same of what only adapters with cheap barriers run. */
const namedBarriers: readonly [string, string][] = [
  ...row('graph', PASS, ['chain']),
  ...row('kernels', KERNEL, ['chain']),
  ...row('kernels', '{}', ['workgroups']),
];
/** The same of what only adapters with subgroup matrices run. */
const matrices: ReadonlyMap<string, string> = new Map(row('kernels', '{}', ['matrices', 'matrices-int8']));
/** The same of what only CPU adapters with subgroups of eight lanes run. */
const octets: ReadonlyMap<string, string> = new Map([...row('gpu', '{}', ['texels']), ...row('kernels', '{}', ['octets'])]);
/** Of what resizes frames; the steps of other networks that read them are these as well. */
const resizing: ReadonlyMap<string, string> = new Map(row('kernels', KERNEL, ['preprocess']));
/** Of what refuses plans. */
const limits: ReadonlyMap<string, string> = new Map(row('plan', '{}', ['limits']));
/** Stands for src/plan/fetch.ts. A part fills its places when it is told to: what a module did by itself bundlers would leave out, since the package has no side effects. */
const FETCHERS = `
  const fill = part => part.fill();
  export const fetchBarriers = () => import('${BARRIERS}').then(fill);
  export const fetchMatrices = () => import('${MATRICES}').then(fill);
  export const fetchOctets = () => import('${OCTETS}').then(fill);
  export const fetchPreprocess = () => import('${PREPROCESS}').then(fill);
  export const fetchLimits = () => import('${LIMITS}').then(fill);`;
/** Whoever brings other networks, or asks for rows by name, brings these. */
const bringers = ['models/registry', 'models/dilatednet', 'onnx/load', 'onnx/stored', 'plan/names'].map(path =>
  join(root, 'src', `${path}.ts`),
);

function row(folder: string, placeholder: string, names: readonly string[]): [string, string][] {
  return names.map(name => [join(root, 'src', folder, `${name}.ts`), placeholder]);
}

export async function lateParts(): Promise<Plugin> {
  const { always, withBarriers } = await unused();
  const parts = new Map([
    [LATE, [always, resizing, limits]],
    [BARRIERS, [withBarriers]],
    [MATRICES, [matrices]],
    [OCTETS, [octets]],
    [PREPROCESS, [resizing]],
    [LIMITS, [limits]],
  ]);
  const placeholders = new Map([...parts.values()].flat().flatMap(part => [...part]));
  const objects = new Map<string, string[]>();
  for (const path of placeholders.keys()) {
    const module = await modulesAt(path);
    objects.set(
      path,
      Object.keys(module).filter(name => typeof module[name] === 'object'),
    );
  }
  const { slotOf, slots } = slotsFor(objects, placeholders);
  const holes = await holesFor(objects);
  const filled = (paths: readonly string[]): string =>
    [
      `import { slots } from '${SLOTS}';`,
      ...tables.map(([path, names]) => `import { ${names.join()} } from ${JSON.stringify(path)};`),
      ...paths.map((path, n) => `import * as own${n} from ${JSON.stringify(path)};`),
      'export function fill() {',
      ...paths.flatMap((path, n) =>
        objects.get(path)!.map(name => {
          const object = `Object.assign(${slotOf(path, name)}, own${n}.${name})`;
          const hole = holes.get(`${path} ${name}`);
          return hole ? `${hole} = ${object};` : `${object};`;
        }),
      ),
      '}',
    ].join('\n');
  return {
    name: 'late',
    resolveId(id, importer) {
      if (parts.has(id) || id === SLOTS || id.startsWith(PLACEHOLDER)) return id;
      if (!importer || !id.startsWith('.')) return null;
      const path = resolve(dirname(importer), id);
      return placeholders.has(path) && !placeholders.has(importer) ? PLACEHOLDER + path : null;
    },
    load(id) {
      const part = parts.get(id);
      if (part) return filled(part.flatMap(modules => [...modules.keys()]));
      if (id === SLOTS) return slots;
      if (id === join(root, 'src/plan/fetch.ts')) return FETCHERS;
      if (!id.startsWith(PLACEHOLDER)) return null;
      const path = id.slice(PLACEHOLDER.length);
      const lines = objects.get(path)!.map(name => `export const ${name} = ${slotOf(path, name)};`);
      return { code: [`import { slots } from '${SLOTS}';`, ...lines].join('\n'), moduleSideEffects: false };
    },
    transform(code, id) {
      if (bringers.includes(id)) return `import { fill as fillPlaces } from '${LATE}';\nfillPlaces();\n${code}`;
      const [, names = []] = tables.find(([path]) => path === id) ?? [];
      const table = names.reduce((text, name) => withHoles(text, name, new Set(holes.values())), code);
      // Names and reasons are for readers of the code and of `inspect`.
      return dirname(id) === join(root, 'src/passes') ? table.replace(/^ {2}(name|why): .*\n/gm, '') : table;
    },
  };
}

type SlotOf = (path: string, name: string) => string;

/** All placeholders in one list by their kinds, so that a late file asks the first one for a single name. */
function slotsFor(
  objects: ReadonlyMap<string, readonly string[]>,
  placeholders: ReadonlyMap<string, string>,
): { readonly slots: string; readonly slotOf: SlotOf } {
  const kinds = [...new Set(placeholders.values())];
  const members = kinds.map(kind =>
    [...objects].flatMap(([path, names]) => (placeholders.get(path) === kind ? names.map(name => `${path} ${name}`) : [])),
  );
  return {
    slots: `export const slots = [${kinds.map((kind, n) => `Array.from({ length: ${members[n].length} }, () => (${kind}))`).join()}].flat();`,
    slotOf: (path, name) => `slots[${members.flat().indexOf(`${path} ${name}`)}]`,
  };
}

/** By path and name what is listed in a table → its place there, `passes[3]`. */
async function holesFor(objects: ReadonlyMap<string, readonly string[]>): Promise<ReadonlyMap<string, string>> {
  const holes = new Map<string, string>();
  for (const [path, names] of objects) {
    const module = await modulesAt(path);
    for (const [index, lists] of tables)
      for (const list of lists) {
        const table = (await modulesAt(index))[list] as readonly unknown[];
        for (const name of names)
          if (table.includes(module[name])) holes.set(`${path} ${name}`, `${list}[${table.indexOf(module[name])}]`);
      }
  }
  return holes;
}

/** A module's text without those members of a table that are late. */
function withHoles(text: string, table: string, holes: ReadonlySet<string>): string {
  const members = new RegExp(`(?<=const ${table}\\b[^=]*= \\[)[^\\]]+`);
  if (!members.test(text)) throw new Error(`build-late.ts: there is no table ${table}`);
  return text.replace(members, list =>
    list
      .split(',')
      .map((member, n) => (holes.has(`${table}[${n}]`) ? '' : member))
      .join(),
  );
}

type Module = Readonly<Record<string, unknown>>;

const modulesAt = (path: string): Promise<Module> => import(pathToFileURL(path).href);

interface Unused {
  /** By path, with what stands for them. */
  readonly always: ReadonlyMap<string, string>;
  /** On adapters whose barriers are slow. */
  readonly withBarriers: ReadonlyMap<string, string>;
}

/** Modules of passes and kernels that no plan of the network that is loaded by name needs, for whatever adapter, precision and picture. */
async function unused(): Promise<Unused> {
  const used = await usedObjects();
  const [always, withBarriers] = [new Map(named), new Map(namedBarriers)];
  for (const folder of ['kernels', 'passes'])
    for (const file of readdirSync(join(root, 'src', folder))) {
      const path = join(root, 'src', folder, file);
      if (withBarriers.has(path) || resizing.has(path)) continue;
      const parts = Object.values(await modulesAt(path)).filter(part => isKernel(part) || isPass(part)) as object[];
      if (file === 'index.ts' || parts.length === 0 || parts.some(part => used.plainly.has(part) || readsFrame(part))) continue;
      const needed = parts.some(part => used.withBarriers.has(part));
      if (needed) withBarriers.set(path, parts.some(isPass) ? PASS : KERNEL);
      else always.set(path, parts.some(isPass) ? PASS : KERNEL);
    }
  return { always, withBarriers };
}

const isObject = (part: unknown): part is object => typeof part === 'object' && part !== null;
const isKernel = (part: unknown): part is Kernel => isObject(part) && 'variants' in part && 'ops' in part;
const isPass = (part: unknown): part is Pass => isObject(part) && 'why' in part && 'apply' in part;
/** Such a kernel is in no graph: `lower` takes the one for its frame. */
const readsFrame = (part: unknown): boolean => isKernel(part) && part.ops.some(op => op === 'stem');

/** Channels of scores, of the package's own weights and at both ends of what a RegSeg that has a URL may have, and the picture's side. */
const SHAPES = [
  [11, 1],
  [11, 65],
  [11, 4096],
  [2, 65],
  [256, 65],
] as const;

/** Kernels and passes. Throws where a graph has an operation that is late. */
async function usedObjects(): Promise<{ readonly plainly: ReadonlySet<object>; readonly withBarriers: ReadonlySet<object> }> {
  const [plainly, withBarriers] = [new Set<object>(), new Set<object>()];
  for (const software of [true, false])
    for (const variants of ['auto', 'plain'] as const)
      for (const precision of ['f32', 'half', 'f16'] as const)
        for (const [channels, side] of SHAPES) {
          const facts = { ...defaultFacts, software, features: ['subgroups', 'shader-f16'] };
          const graph = regsegNetwork('regseg', 'exp48', 'decoder26', { channels }).build({ h: side, w: side });
          const target = targetOf({ precision, facts, variants });
          const used = target.barriers ? withBarriers : plainly;
          for (const asked of [graph, withScores(graph).graph]) {
            const fused = fuse(asked, target, (pass, before, after) => {
              if (after.nodes.some((node, n) => node !== before.nodes[n])) used.add(pass);
            });
            for (const { op } of [...asked.nodes, ...fused.nodes])
              if (op in furtherOps) throw new Error(`build-late.ts: RegSeg needs the operation ${op}`);
            for (const node of fused.nodes.filter(({ op }) => op !== 'join')) {
              const kernel = kernelFor(node);
              used.add(kernel);
              if (winograds[kernel.name]?.fits?.(node))
                throw new Error(`build-late.ts: RegSeg has a step for Winograd, ${node.name}`);
              if ('weight' in node.constants && weightStore(shapeOf(node.constants.weight), precision) === 'half')
                throw new Error(`build-late.ts: RegSeg has weights that are stored as halves, ${node.name}`);
            }
          }
        }
  return { plainly, withBarriers };
}
