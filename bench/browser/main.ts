// `npm run bench:browser`: the same network, picture and adapter through us and through onnxruntime-web, in pages of a Chromium. Classes are compared before
// anything is timed, then frames go in turns. It writes the table that is committed, bench/browser/README.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { runProgram } from '../../src/cli/output.ts';
import { AtrousError } from '../../src/errors.ts';
import { statistics } from '../../src/gpu/timing.ts';
import { expectedTensors, findNetwork } from '../../src/models/registry.ts';
import { findPackage } from '../../src/node/webgpu.ts';
import { imagenet } from '../../src/weights/card.ts';
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { seededTensor } from '../../src/weights/seeded.ts';
import { launch } from '../../test/browser/chromium.ts';
import { packedFiles } from '../../test/browser/harness.ts';
import { type Route, type Server, serve } from '../../test/browser/server.ts';
import { equalShare, picture, type Size, sizeText } from '../network.ts';
import { CLASSES, forPeers, readOnnx } from '../onnx.ts';
import { type Started, startOurs, startTheirs } from './page.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TABLE = join(root, 'bench/browser/README.md');
const INSTALL = 'npm i --no-save onnxruntime-web@1.30.0';
/** Share of equal classes below which nothing is timed. */
const AGREED = 0.999;
/** Frames in turns; the first few of each warm up. */
const ROUNDS = 5;

/** Without these a page has no shared memory, and their wasm no threads. */
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

interface Network {
  readonly name: string;
  readonly size: Size;
  readonly onnx: string;
  readonly external: readonly string[];
  readonly planes: number;
  /** Does its file, as PyTorch exports it, have nodes that their WebGPU runs on the CPU? Then it is timed as it is, too. */
  readonly plain: boolean;
  /** Ours: what `load` gets. */
  readonly source: string;
  readonly options: object;
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

/** As theirs do: nothing is kept for the next visit, and nothing is tested but what is computed. */
const ONCE = { cache: false, selfTest: false } as const;

const NETWORKS: readonly Network[] = [
  {
    name: 'RegSeg (exp48_decoder26, 19 classes)',
    size: { h: 128, w: 256 },
    onnx: 'regseg_128x256.onnx',
    external: ['regseg.weights'],
    planes: 19,
    plain: true,
    source: '/regseg.safetensors',
    options: { ...ONCE, model: 'regseg', precision: 'f32' },
    normalisation: imagenet,
  },
  {
    name: 'FCN, narrow ResNet-50 (the same ONNX file for both)',
    size: { h: 128, w: 128 },
    onnx: 'networks/fcn_resnet50.onnx',
    external: [],
    planes: 3,
    plain: false,
    source: '/models/networks/fcn_resnet50.onnx',
    options: { ...ONCE, precision: 'f32', card: { preprocessing: imagenet } },
    normalisation: imagenet,
  },
];

const ENGINES = [
  { engine: 'atrous', provider: 'webgpu', entry: '', plain: false },
  { engine: 'onnxruntime-web', provider: 'webgpu', entry: 'ort.webgpu.bundle.min.mjs', plain: true },
  { engine: 'onnxruntime-web', provider: 'webgpu', entry: 'ort.webgpu.bundle.min.mjs', plain: false },
  { engine: 'onnxruntime-web', provider: 'wasm', entry: 'ort.wasm.bundle.min.mjs', plain: false },
] as const;

interface Row {
  readonly engine: string;
  readonly bytes: number;
  readonly first_ms: number;
  readonly first_main_ms: number;
  readonly frame_ms: number;
  readonly main_ms: number;
  readonly agreement: number;
  readonly about: string;
}

interface Opened {
  readonly page: Page;
  readonly server: Server;
  readonly started: Started;
  readonly main_ms: number;
  /** Milliseconds that the page's main thread has worked so far. */
  worked(): Promise<number>;
  close(): Promise<void>;
}

await runProgram(async () => {
  const { values } = parseArgs({ options: { ort: { type: 'string' }, onnx: { type: 'string' } } });
  const found = await findPackage('onnxruntime-web');
  const ort = values.ort ?? found?.folder;
  if (!ort || !existsSync(join(ort, 'dist')))
    throw new AtrousError('NO_FILE', `onnxruntime-web is not installed: run ${INSTALL}, or name its folder with --ort`);
  const onnx = values.onnx ?? join(root, '../shared/onnx');
  for (const { onnx: file } of NETWORKS)
    if (!existsSync(join(onnx, file)))
      throw new AtrousError('NO_FILE', `${join(onnx, file)} is missing: name the folder of ONNX files with --onnx`);
  const version = JSON.parse(readFileSync(join(ort, 'package.json'), 'utf8')).version;
  // Of the last minute: what else the machine had to do.
  const busy = loadavg()[0];
  const browser = await launch({});
  const texts: string[] = [];
  try {
    for (const network of NETWORKS) {
      const rows = await compare(network);
      const text = printed(network, rows, version);
      console.log(`\n${text}`);
      texts.push(text);
    }
    writeFileSync(TABLE, readme(texts, version, browser.version(), busy));
    console.log(`\nwrote ${TABLE}`);
  } finally {
    await browser.close();
  }
  return 0;

  async function compare(network: Network): Promise<Row[]> {
    const opened: Opened[] = [];
    const engines = ENGINES.filter(({ plain }) => network.plain || !plain);
    try {
      for (const engine of engines) opened.push(await open(network, engine));
      const [ours, ...theirs] = opened;
      const agreements = opened.map(({ started }) => equalShare(ours.started.classes, started.classes));
      if (theirs.some((_, n) => agreements[n + 1] < AGREED))
        throw new AtrousError(
          'BAD_WEIGHTS',
          `${network.name}: classes agree on ${agreements.slice(1).join(' and ')}: nothing is timed`,
        );
      const frames: number[][] = opened.map(() => []);
      const before = await Promise.all(opened.map(each => each.worked()));
      for (let turn = 0; turn < ROUNDS; turn++)
        for (const [n, { page }] of opened.entries()) frames[n].push(await page.evaluate(() => globalThis.frame()));
      const after = await Promise.all(opened.map(each => each.worked()));
      return opened.map(({ server, started, main_ms }, n) => ({
        engine: `${engines[n].engine} ${engines[n].provider}${n > 0 ? `, file ${formOf(network, engines[n].plain)}` : ''}`,
        bytes: codeOf(server),
        first_ms: started.first_ms,
        first_main_ms: main_ms,
        frame_ms: statistics(frames[n]).median,
        main_ms: (after[n] - before[n]) / ROUNDS,
        agreement: agreements[n],
        about: started.about,
      }));
    } finally {
      for (const each of opened) await each.close();
    }
  }

  /** What theirs read. */
  function formOf(network: Network, plain: boolean): string {
    return plain ? 'as exported' : network.plain ? 'rewritten' : 'with ArgMax';
  }

  /** A page of its own, with nothing in its cache, from the import to the first classes. */
  async function open(network: Network, { engine, provider, entry, plain }: (typeof ENGINES)[number]): Promise<Opened> {
    const { size, external, planes, normalisation } = network;
    const bytes = readFileSync(join(onnx, network.onnx));
    const file = readOnnx(bytes, network.onnx);
    const packed = packedFiles();
    const answers: Record<string, Route> = {
      '/': '<!doctype html><title>bench</title><link rel="icon" href="data:,">',
      '/theirs.onnx': bytesRoute(plain ? bytes : forPeers(bytes, file)),
      '/regseg.safetensors': bytesRoute(seededRegseg()),
    };
    const server = await serve(path => {
      if (path in answers) return answers[path];
      const [, folder, name] = /^\/(\w+)\/(.*)$/.exec(path) ?? [];
      if (folder === 'atrous' && packed.has(name)) return { file: join(root, name) };
      if (folder === 'ort' && !name.includes('..')) return { file: join(ort!, 'dist', name) };
      return folder === 'models' && !name.includes('..') ? { file: join(onnx, name) } : undefined;
    }, ISOLATED);
    const context = await browser.newContext();
    const page = await context.newPage();
    // esbuild names functions by a helper that the page has not got.
    await page.addInitScript('globalThis.__name = f => f');
    await page.goto(server.origin);
    const devtools = await context.newCDPSession(page);
    await devtools.send('Performance.enable');
    const worked = async (): Promise<number> => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000;
    };
    const before = await worked();
    const frame = { data: picture(size), width: size.w, height: size.h };
    const { mean, std } = normalisation;
    const started =
      engine === 'atrous'
        ? await page.evaluate(startOurs, {
            library: '/atrous/dist/index.js',
            source: network.source,
            options: network.options,
            picture: frame,
          })
        : await page.evaluate(startTheirs, {
            library: `/ort/${entry}`,
            folder: '/ort/',
            model: '/theirs.onnx',
            external: external.map(path => ({ path, data: `/models/${path}` })),
            provider,
            threads: availableParallelism(),
            input: file.input.name,
            outputs: plain ? ([file.output.name] as const) : ([file.output.name, CLASSES] as const),
            planes,
            ...{ mean, std },
            picture: frame,
          });
    const main_ms = (await worked()) - before;
    return {
      ...{ page, server, started, main_ms, worked },
      async close() {
        await context.close();
        server.close();
      },
    };
  }

  /** Bytes of code that a page has fetched, gzipped: what is there before any model. */
  function codeOf({ requests }: Server): number {
    const files = [...new Set(requests)].flatMap(path => {
      if (path.startsWith('/atrous/dist/')) return [join(root, path.slice('/atrous/'.length))];
      return path.startsWith('/ort/') ? [join(ort!, 'dist', path.slice('/ort/'.length))] : [];
    });
    return files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
  }
});

function bytesRoute(bytes: Uint8Array): Route {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length });
    response.end(bytes);
  };
}

/** The weights of the ONNX file. */
function seededRegseg(): Uint8Array {
  const wanted = expectedTensors(findNetwork('regseg').build({ h: 64, w: 64 }));
  return writeSafetensors(new Map([...wanted].map(([name, shape]) => [name, seededTensor(name, shape)])));
}

function printed({ name, size, onnx }: Network, rows: readonly Row[], version: string): string {
  const kb = (bytes: number): string => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = [
    'engine',
    'code before the model, gzip',
    'first frame',
    'frames a second',
    'a frame',
    'main thread, first',
    'main thread, a frame',
    'classes as ours',
  ];
  const body = rows.map(row =>
    line([
      row.engine.replace('onnxruntime-web', `onnxruntime-web ${version}`),
      kb(row.bytes),
      `${(row.first_ms / 1000).toFixed(2)} s`,
      (1000 / row.frame_ms).toFixed(2),
      `${row.frame_ms.toFixed(0)} ms`,
      `${row.first_main_ms.toFixed(0)} ms`,
      `${row.main_ms.toFixed(0)} ms`,
      `${(row.agreement * 100).toFixed(2)} %`,
    ]),
  );
  const title = `### ${name}, ${sizeText(size)} (${basename(onnx)})`;
  const settings = rows.slice(1).map(({ about }) => about);
  return [
    title,
    '',
    line(head),
    line(head.map(() => '---')),
    ...body,
    '',
    `Theirs: ${settings.join('; ')}. Ours on ${rows[0].about}.`,
  ].join('\n');
}

function readme(texts: readonly string[], version: string, chromium: string, busy: number): string {
  return `# Beside a peer in a browser

\`npm run build && ${INSTALL} && npm run bench:browser\` writes this page. ${new Date().toISOString().slice(0, 10)}, Chromium ${chromium}, onnxruntime-web ${version}, Node ${process.version}, ${availableParallelism()} cores, load ${busy.toFixed(1)} before it began${busy > 1 ? ': other work ran beside, so times are long and first frames can’t be compared' : ''}.
The same picture and weights for every engine, each in a page of its own with an empty cache, files from a server of this machine. The first frame goes from the import of the engine to a class map in memory, weights,
compilation and run included; a frame from RGBA in memory to classes in memory, median of ${ROUNDS}, engines in turns. Their WebGPU and their wasm (SIMD, ${availableParallelism()} threads in a cross-origin isolated page) each end with the faster of ArgMax in
the network and the largest score found in JavaScript. *As exported* is the file that PyTorch wrote, parts of which their WebGPU fetches to the CPU (sequences of equal parts); *rewritten* has Split in
their place and ArgMax behind the scores; *with ArgMax* has that alone. Ours keeps nothing for the next visit and runs no self-test (\`cache: false\`, \`selfTest: false\`), as theirs do. Main thread: what Chromium counts as tasks of the page. On a software adapter ratios count, not times, and wasm is on its own ground.

${texts.join('\n\n')}
`;
}
