// What a page that loads a RegSeg by its name never runs waits, in a browser's build, until a page loads something else: rules, passes, kernels and decoders
// that only other networks need, and the checks of graphs, which that network has passed. In the tables that list them placeholders stand for them, which no
// node fits, and which become them.
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'rolldown';
import { withScores } from './src/graph/scores.ts';
import { kernelFor } from './src/kernels/index.ts';
import { regsegNetwork } from './src/models/regseg-network.ts';
import { fuse } from './src/passes/index.ts';
import { defaultFacts, targetOf } from './src/plan/choose.ts';

const LATE = 'late';
const BARRIERS = 'barriers';
const PLACEHOLDER = 'placeholder:';
const root = import.meta.dirname;

/** Modules that export objects, and what stands for each of these. */
const late: ReadonlyMap<string, string> = new Map([
  ...row('graph', '{}', ['faults', 'further-ops']),
  ...row('models', '{}', ['bodies', 'other-decoders']),
  ...row('weights', '{}', ['network-reasons']),
  ...row('passes', '{ apply: graph => graph }', ['bands', 'fuse-activation', 'pool-epilogue', 'split-weights']),
  ...row('kernels', '{ ops: [], variants: [] }', [
    ...['adaptive', 'attention', 'combine', 'curved', 'deconv', 'depthwise', 'elementwise', 'layernorm', 'matte', 'move', 'pool'],
    ...['product', 'reduce', 'resample', 'sample', 'slide', 'squeeze', 'transposed', 'unpool', 'warp', 'window', 'zoom'],
  ]),
]);
/** The same of what only adapters with cheap barriers run. */
const barriers: ReadonlyMap<string, string> = new Map([
  ...row('passes', '{ needs: { barriers: true }, apply: graph => graph }', [
    ...['classifier-epilogue', 'concat-operand', 'gate-prologue', 'twin-outputs'],
  ]),
  ...row('graph', '{ apply: graph => graph }', ['chain']),
  ...row('kernels', '{ ops: [], variants: [] }', ['chain', 'gated', 'tail', 'twin']),
]);
const fetcher = join(root, 'src/passes/barriers.ts');
const placeholders = new Map([...late, ...barriers]);
/** Whoever brings other networks brings these. */
const bringers = ['src/models/registry.ts', 'src/models/dilatednet.ts'].map(path => join(root, path));

function row(folder: string, placeholder: string, names: readonly string[]): [string, string][] {
  return names.map(name => [join(root, 'src', folder, `${name}.ts`), placeholder]);
}

export async function lateParts(): Promise<Plugin> {
  const objects = new Map<string, string[]>();
  for (const path of placeholders.keys()) {
    const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
    objects.set(
      path,
      Object.keys(module).filter(name => typeof module[name] === 'object'),
    );
  }
  await checkUnused();
  const filled = (paths: readonly string[]): string => paths.map((path, n) => filling(path, objects.get(path)!, n)).join('\n');
  return {
    name: 'late',
    resolveId(id, importer) {
      if (id === LATE || id === BARRIERS) return { id, moduleSideEffects: true };
      if (id.startsWith(PLACEHOLDER)) return id;
      if (!importer || !id.startsWith('.')) return null;
      const path = resolve(dirname(importer), id);
      return placeholders.has(path) && !placeholders.has(importer) ? PLACEHOLDER + path : null;
    },
    load(id) {
      if (id === LATE) return filled([...late.keys()]);
      if (id === BARRIERS) return filled([...barriers.keys()]);
      if (id === fetcher) return `export const fetchBarriers = () => import('${BARRIERS}');`;
      if (!id.startsWith(PLACEHOLDER)) return null;
      const path = id.slice(PLACEHOLDER.length);
      return objects
        .get(path)!
        .map(name => `export const ${name} = ${placeholders.get(path)};`)
        .join('\n');
    },
    transform: (code, id) => (bringers.includes(id) ? `import '${LATE}';\n${code}` : null),
  };
}

function filling(path: string, names: readonly string[], n: number): string {
  const [held, own] = [`held${n}`, `own${n}`];
  const imports = `import * as ${held} from ${JSON.stringify(PLACEHOLDER + path)}; import * as ${own} from ${JSON.stringify(path)};`;
  return `${imports} ${names.map(name => `Object.assign(${held}.${name}, ${own}.${name});`).join(' ')}`;
}

/** Throws where a plan of the network that is loaded by name needs what is late, for whatever adapter, precision and picture. */
async function checkUnused(): Promise<void> {
  const imported = (paths: Iterable<string>): Promise<Readonly<Record<string, unknown>>[]> =>
    Promise.all([...paths].map(path => import(pathToFileURL(path).href)));
  const modules = await imported(late.keys());
  const always = new Set(modules.flatMap(module => Object.values(module)));
  const plainly = new Set([...always, ...(await imported(barriers.keys())).flatMap(module => Object.values(module))]);
  const furtherOps = modules.find(module => 'furtherOps' in module)!.furtherOps as object;
  const must = (unused: boolean, what: string): void => {
    if (!unused) throw new Error(`build-late.ts: RegSeg needs ${what}`);
  };
  for (const software of [true, false])
    for (const variants of ['auto', 'plain'] as const)
      for (const precision of ['f32', 'half', 'f16'] as const)
        for (const side of [1, 65, 4096]) {
          const facts = { ...defaultFacts, software, features: ['subgroups', 'shader-f16'] };
          const graph = regsegNetwork('regseg', 'exp48', 'decoder26', { channels: 11 }).build({ h: side, w: side });
          const target = targetOf({ precision, facts, variants });
          const objects = target.barriers ? always : plainly;
          for (const asked of [graph, withScores(graph).graph]) {
            const fused = fuse(asked, target, (pass, before, after) =>
              must(!objects.has(pass) || after.nodes.every((node, n) => node === before.nodes[n]), `the pass ${pass.name}`),
            );
            for (const { op } of [...asked.nodes, ...fused.nodes]) must(!(op in furtherOps), `the operation ${op}`);
            for (const node of fused.nodes.filter(({ op }) => op !== 'join')) {
              const kernel = kernelFor(node);
              must(!objects.has(kernel), `the kernel ${kernel.name}`);
            }
          }
        }
}
