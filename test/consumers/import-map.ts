// No tool at all: an import map and the package's own files.
import { application, type Consumer } from './consumer.ts';

const map = JSON.stringify({ imports: { atrous: './node_modules/atrous/dist/index.js' } });

export const importMap: Consumer = {
  name: 'import map',
  step: null,
  files: {
    'index.html': `<!doctype html><title>atrous</title><link rel="icon" href="data:,"><script type="importmap">${map}</script><script type="module" src="main.js"></script>`,
    'main.js': application(),
  },
  commands: [],
  site: { folder: '.' },
};

/** The same with the package on another origin, which has to allow that. */
export const cdn: Consumer = { name: 'another origin (CDN)', step: null, files: {}, commands: [], site: 'cdn' };
