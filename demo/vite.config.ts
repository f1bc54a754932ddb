// `npm run demo` serves the page, `npm run build:demo` makes static files of it for any folder of any host (after `npm run build`, whose package it uses).
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  resolve: {
    alias: {
      'atrous/drawings': `${root}dist/drawings.js`,
      'atrous/worker': `${root}dist/worker.js`,
      atrous: `${root}dist/index.js`,
    },
  },
  // The package's worker is a module.
  worker: { format: 'es' },
  server: { fs: { allow: [root] } },
  build: {
    outDir: `${root}out/demo`,
    emptyOutDir: true,
    target: 'es2023',
    // A policy of `default-src 'self'` forbids data: addresses.
    assetsInlineLimit: 0,
  },
});
