// Vite: a build, a build for a sub-folder, a build whose worker segments, and the development server.
import { application, type Consumer, page } from './consumer.ts';

const files = { 'index.html': page('./main.js'), 'main.js': application() };

export const viteBuild: Consumer = {
  name: 'Vite 8, build',
  step: null,
  files,
  commands: [['vite', 'build', '--logLevel', 'error']],
  site: { folder: 'dist' },
};

export const viteBase: Consumer = {
  ...viteBuild,
  name: 'Vite 8, build for a sub-folder',
  commands: [['vite', 'build', '--logLevel', 'error', '--base', '/some/folder/']],
  site: { folder: 'dist', base: '/some/folder/' },
};

export const viteWorker: Consumer = {
  ...viteBuild,
  name: 'Vite 8, in a worker',
  files: {
    'index.html': page('./main.js'),
    'main.js': `const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }) => { globalThis.found = data; };`,
    'worker.js': `globalThis.onfound = () => postMessage(globalThis.found);\n${application()}`,
    'vite.config.js': "export default { worker: { format: 'es' } };",
  },
};

/** The package's own worker. */
export const viteRemote: Consumer = {
  ...viteBuild,
  name: 'Vite 8, build, atrous/worker',
  step: "`worker: { format: 'es' }` in its configuration",
  files: {
    'index.html': page('./main.js'),
    'main.js': application('{}', 'atrous/worker'),
    'vite.config.js': "export default { worker: { format: 'es' } };",
  },
};

export const viteRemoteDev: Consumer = {
  ...viteRemote,
  name: 'Vite 8, development server, atrous/worker',
  step: null,
  commands: [],
  site: { command: ['vite', '--port', '{port}', '--strictPort', '--host', '127.0.0.1'] },
};

export const viteDev: Consumer = {
  name: 'Vite 8, development server',
  step: null,
  files,
  commands: [],
  site: { command: ['vite', '--port', '{port}', '--strictPort', '--host', '127.0.0.1'] },
};
