// esbuild takes no files along: the weights are copied to where the bundle looks for them, or the page says where they are.
import { application, type Consumer, page } from './consumer.ts';

export const esbuild: Consumer = {
  name: 'esbuild, ESM',
  step: 'copy node_modules/atrous/weights beside the folder of the bundle',
  files: { 'site/index.html': page('./bundle/main.js'), 'main.js': application() },
  commands: [
    ['esbuild', 'main.js', '--bundle', '--format=esm', '--splitting', '--outdir=site/bundle', '--log-level=error'],
    ['cp', 'node_modules/atrous/weights', 'site/weights'],
  ],
  site: { folder: 'site' },
};

/** The worker is an entry beside the program's own. */
export const esbuildRemote: Consumer = {
  name: 'esbuild, ESM, atrous/worker',
  step: 'build node_modules/atrous/dist/worker-host.js as an entry of its own beside the bundle, and copy the weights',
  files: { 'site/index.html': page('./bundle/main.js'), 'main.js': application('{}', 'atrous/worker') },
  commands: [
    [
      ...['esbuild', 'main.js', 'node_modules/atrous/dist/worker-host.js', '--bundle', '--format=esm', '--splitting'],
      ...['--outdir=site/bundle', '--entry-names=[name]', '--log-level=error'],
    ],
    ['cp', 'node_modules/atrous/weights', 'site/weights'],
  ],
  site: { folder: 'site' },
};

/** A classic script has no address of its own. */
export const esbuildIife: Consumer = {
  name: 'esbuild, IIFE',
  step: 'copy the weights, and give their folder as baseUrl',
  files: {
    'site/index.html': page('./bundle/main.js').replace(' type="module"', ''),
    'main.js': application("{ baseUrl: '/weights' }"),
  },
  commands: [
    ['esbuild', 'main.js', '--bundle', '--format=iife', '--outdir=site/bundle', '--log-level=error'],
    ['cp', 'node_modules/atrous/weights', 'site/weights'],
  ],
  site: { folder: 'site' },
};
