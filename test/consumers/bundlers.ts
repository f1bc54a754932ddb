// webpack, Rollup, Parcel and Next.
import { application, type Consumer, page } from './consumer.ts';

export const webpack: Consumer = {
  name: 'webpack 5',
  step: null,
  packages: { webpack: '5.112.2', 'webpack-cli': '7.3.1' },
  files: {
    'dist/index.html': page('./main.js'),
    'src/main.js': application(),
    'webpack.config.js': "export default { mode: 'production', entry: './src/main.js', output: { filename: 'main.js' } };",
  },
  commands: [['webpack']],
  site: { folder: 'dist' },
};

export const webpackRemote: Consumer = {
  ...webpack,
  name: 'webpack 5, atrous/worker',
  files: { ...webpack.files, 'src/main.js': application('{}', 'atrous/worker') },
};

export const rollup: Consumer = {
  name: 'Rollup 4',
  step: 'copy node_modules/atrous/weights beside the folder of the bundle',
  packages: { rollup: '4.68.8', '@rollup/plugin-node-resolve': '16.0.3' },
  files: { 'site/index.html': page('./bundle/main.js'), 'main.js': application() },
  commands: [
    ['rollup', 'main.js', '--dir', 'site/bundle', '--format', 'es', '--plugin', 'node-resolve', '--silent'],
    ['cp', 'node_modules/atrous/weights', 'site/weights'],
  ],
  site: { folder: 'site' },
};

export const parcel: Consumer = {
  name: 'Parcel 2',
  step: null,
  packages: { parcel: '2.16.4' },
  files: { 'index.html': page('./main.js'), 'main.js': application() },
  commands: [['parcel', 'build', 'index.html', '--no-cache', '--public-url', './']],
  site: { folder: 'dist' },
};

const next: Consumer = {
  name: 'Next 16, Turbopack',
  step: null,
  packages: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
  files: {
    'app/layout.jsx': 'export default function Layout({ children }) { return <html><body>{children}</body></html>; }',
    'app/page.jsx': `'use client';
import { useEffect } from 'react';
import { segmentPattern } from './segment.js';
export default function Page() { useEffect(() => { segmentPattern(); }, []); return <p>atrous</p>; }`,
    'app/segment.js': application().replace(/^const data/m, 'export const segmentPattern = () => {\n  const data') + '};\n',
    'next.config.js': "export default { output: 'export' };",
  },
  commands: [['next', 'build']],
  site: { folder: 'out' },
};

export const nextTurbopack = next;

export const nextWebpack: Consumer = { ...next, name: 'Next 16, webpack', commands: [['next', 'build', '--webpack']] };
