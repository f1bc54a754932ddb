// A program that depends on the packed package, built by the tool of its choice, served, and opened in a browser: does it segment?
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { userCache } from '../../src/node/cache.ts';
import { browserWith, packedFiles, root, servePackage } from '../browser/harness.ts';
import { serve } from '../browser/server.ts';

export interface Consumer {
  readonly name: string;
  /** What its readers have to do beside the import; null: nothing. */
  readonly step: string | null;
  /** Exact versions, installed into a folder of the user's cache. Absent: the repository's own packages do. */
  readonly packages?: Readonly<Record<string, string>>;
  /** By path. */
  readonly files: Readonly<Record<string, string>>;
  /** Run in the program's folder, in order: commands of its packages, and `cp`. */
  readonly commands: readonly (readonly string[])[];
  /** The folder that is served, and the path under which; a command that serves at `{port}` by itself; or `cdn`: the package is on another origin. */
  readonly site: { readonly folder: string; readonly base?: string } | { readonly command: readonly string[] } | 'cdn';
}

/** The picture of every consumer. */
export const [WIDTH, HEIGHT] = [64, 32];

/** What a user writes, and what the test looks for: `found`, the classes or an error's sentence. A resized frame takes parts that are fetched for it. `options` of load as a JavaScript text. */
export function application(options = '{}', entry = 'atrous'): string {
  return `import { load } from '${entry}';
const data = Uint8Array.from({ length: ${WIDTH * HEIGHT * 4} }, (_, n) => ${pixelText});
const picture = { data, width: ${WIDTH}, height: ${HEIGHT} };
const segment = async model => {
  await model.segment(picture, { size: { height: ${HEIGHT / 2}, width: ${WIDTH / 2} } });
  return model.segment(picture);
};
load('regseg-camvid', ${options}).then(segment).then(
  ({ classes }) => { globalThis.found = [...classes].join(''); globalThis.onfound?.(); },
  error => { globalThis.found = error.name + ' ' + error.code + ': ' + error.message; globalThis.onfound?.(); },
);
`;
}

const pixelText = '(n * 7919 + (n >> 6) * 31) % 256';
export const picture = {
  data: Uint8Array.from({ length: WIDTH * HEIGHT * 4 }, (_, n) => (n * 7919 + (n >> 6) * 31) % 256),
  width: WIDTH,
  height: HEIGHT,
};

export const page = (script: string): string =>
  `<!doctype html><title>atrous</title><link rel="icon" href="data:,"><body><script type="module" src="${script}"></script>`;

/** What the page found: classes, one digit or two a pixel, or what it says instead. */
export async function consume(consumer: Consumer): Promise<string> {
  const folder = consumer.packages ? installed(consumer.packages) : mkdtempSync(join(tmpdir(), 'atrous-consumer-'));
  const atrous = join(folder, 'node_modules/atrous');
  try {
    rmSync(atrous, { recursive: true, force: true });
    for (const file of packedFiles()) cpSync(root + file, join(atrous, file));
    for (const [path, text] of Object.entries(consumer.files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    for (const [bin, ...rest] of consumer.commands) run(folder, bin, rest);
    return await open(consumer, folder);
  } finally {
    if (!consumer.packages) rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder with these packages, made once for all time. */
export function installed(packages: Readonly<Record<string, string>>): string {
  const name = Object.entries(packages)
    .map(([name, version]) => `${name.replace(/\W/g, '')}-${version}`)
    .join('-');
  const folder = join(userCache() ?? tmpdir(), 'atrous', 'consumers', name.slice(0, 100));
  if (existsSync(join(folder, 'done'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies: packages }));
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' });
  writeFileSync(join(folder, 'done'), '');
  return folder;
}

/** A package's command, its own or the repository's. */
function command(folder: string, bin: string): string {
  const found = [folder, root].map(home => join(home, 'node_modules/.bin', bin)).find(path => existsSync(path));
  if (!found) throw new Error(`no package has the command ${bin}`);
  return found;
}

function run(folder: string, bin: string, rest: readonly string[]): void {
  if (bin === 'cp') cpSync(join(folder, rest[0]), join(folder, rest[1]), { recursive: true });
  else execFileSync(command(folder, bin), rest, { cwd: folder, stdio: 'pipe' });
}

async function open({ site }: Consumer, folder: string): Promise<string> {
  if (site === 'cdn') {
    const other = await servePackage({}, { 'access-control-allow-origin': '*' });
    const text = application('{}', `${other.origin}/atrous/dist/index.js`);
    const own = await serve(path => ({ '/': page('/main.js'), '/main.js': text })[path]);
    return found(own.origin).finally(own.close);
  }
  if ('folder' in site) {
    const base = site.base ?? '/';
    const files = await serve(path =>
      path.startsWith(base) ? { file: join(folder, site.folder, path.slice(base.length) || 'index.html') } : undefined,
    );
    return found(files.origin + base).finally(files.close);
  }
  const free = await serve(() => undefined);
  const port = new URL(free.origin).port;
  free.close();
  const [bin, ...rest] = site.command;
  const child = spawn(
    command(folder, bin),
    rest.map(word => word.replace('{port}', port)),
    {
      cwd: folder,
      stdio: 'ignore',
    },
  );
  try {
    const url = `http://127.0.0.1:${port}/`;
    for (let tries = 0; tries < 300 && !(await fetch(url).catch(() => null)); tries++)
      await new Promise(resolve => setTimeout(resolve, 100));
    return await found(url);
  } finally {
    child.kill();
  }
}

/** The page's `found`, however long its shaders take to compile. */
async function found(url: string): Promise<string> {
  const tab = await (await browserWith()).newPage();
  try {
    const thrown: string[] = [];
    tab.on('pageerror', error => thrown.push(`the page threw ${error}`));
    await tab.goto(url);
    const waiting = tab.waitForFunction('globalThis.found', null, { timeout: 120_000 });
    const handle = await waiting.catch(error => {
      throw new Error([error.message, ...thrown].join('; '));
    });
    return (await handle.jsonValue()) as string;
  } finally {
    await tab.close();
  }
}
