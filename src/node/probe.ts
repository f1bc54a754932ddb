// Whether Dawn finds an adapter with this machine's Vulkan drivers, asked in a process of its own: the drivers, their loader and Dawn write to file
// descriptor 2 by themselves, refused drivers too, and one that crashes would take us along. Costs a quarter of a second, once for each process and choice.
import { spawn } from 'node:child_process';

export interface Probe {
  readonly found: boolean;
  /** What drivers, loader and Dawn wrote meanwhile. */
  readonly said: string;
}

const LIMIT_MS = 30_000;
const FOUND = 'an adapter';
const SCRIPT = `require(process.argv[1]).create(JSON.parse(process.argv[2])).requestAdapter({ powerPreference: 'high-performance' })
  .then(adapter => process.stdout.write(adapter ? '${FOUND}' : 'none', () => process.exit()))`;

const known = new Map<string, Promise<Probe>>();

/** Asks `dawnFile`, a `dawn.node`, with Dawn's flags. Elsewhere than on Linux drivers are silent, and are not asked: then it may yet be that none is found. */
export function probeDrivers(dawnFile: string, flags: readonly string[]): Promise<Probe> {
  if (process.platform !== 'linux') return Promise.resolve({ found: true, said: '' });
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, XDG_DATA_DIRS } = process.env;
  const key = JSON.stringify([dawnFile, flags, VK_DRIVER_FILES, VK_ICD_FILENAMES, XDG_DATA_DIRS]);
  const probe = known.get(key) ?? ask([dawnFile, JSON.stringify(flags)]);
  known.set(key, probe);
  return probe;
}

function ask(words: readonly string[]): Promise<Probe> {
  // Options for this process are not for that one; Electron's program is Node where this variable is set.
  const env = { ...process.env, NODE_OPTIONS: undefined, ELECTRON_RUN_AS_NODE: '1' };
  const child = spawn(process.execPath, ['-e', SCRIPT, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
  const texts = { out: '', err: '' };
  child.stdout.on('data', chunk => (texts.out += chunk));
  child.stderr.on('data', chunk => (texts.err += chunk));
  return new Promise(resolve => {
    // Where no process can be started, this one has to ask by itself, aloud.
    child.on('error', () => resolve({ found: true, said: '' }));
    child.on('close', (_code, signal) => {
      const end = signal ? `a process that asked for an adapter ended with ${signal}\n` : '';
      resolve({ found: texts.out === FOUND, said: texts.err + end });
    });
  });
}
