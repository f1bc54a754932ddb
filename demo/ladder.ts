// What this browser has of what the engine can use, rung by rung, and what to do where a rung is missing.
import type { Support } from 'atrous';
import { storedResults } from './bench.ts';
import { make, notice, table, tell, the } from './page.ts';

interface Rung {
  readonly name: string;
  readonly has: boolean;
  readonly without: string;
}

function rungs({ ok, reason, software, features }: Support): readonly Rung[] {
  const has = (path: string): boolean =>
    path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], globalThis) !== undefined;
  return [
    { name: 'secure context', has: isSecureContext, without: 'browsers offer WebGPU over https and on localhost only' },
    {
      name: 'WebGPU',
      has: reason !== 'no-webgpu' && reason !== 'insecure-context',
      without: 'nothing is computed; the stored results below can be read',
    },
    { name: 'graphics adapter', has: ok, without: 'nothing is computed; the stored results below can be read' },
    { name: 'hardware', has: ok && !software, without: 'the processor computes: right, but slowly; choose a small size' },
    {
      name: 'half precision (shader-f16)',
      has: features.includes('shader-f16'),
      without: 'maps are stored as halves or as 32 bits, products are 32 bits',
    },
    { name: 'subgroups', has: features.includes('subgroups'), without: 'shaders of a plainer form run' },
    { name: 'timestamps', has: features.includes('timestamp-query'), without: 'times are those of the whole frame' },
    {
      name: 'video without a copy',
      has: has('GPUDevice.prototype.importExternalTexture'),
      without: 'each frame is copied to the graphics card first',
    },
    {
      name: 'a callback for each video frame',
      has: has('HTMLVideoElement.prototype.requestVideoFrameCallback'),
      without: 'frames are looked for at each repaint',
    },
    { name: 'canvas in a worker', has: has('OffscreenCanvas'), without: 'streams run on the page’s own thread' },
    {
      name: 'files kept between visits',
      has: has('navigator.storage.getDirectory') || has('caches'),
      without: 'models are downloaded anew',
    },
  ];
}

export function browserTab(found: Support | undefined): void {
  if (!found) return;
  const rows = rungs(found).map(({ name, has, without }) => [name, has ? 'yes' : 'no', has ? '' : without]);
  the('browser').replaceChildren(
    make('p', {}, `Adapter: ${found.adapter ?? 'none'}. ${found.ok ? `Precisions: ${found.precisions.join(', ')}.` : ''}`),
    table([['what', 'here', 'without it'], ...rows]),
  );
}

/** Where nothing can be computed: what is missing, what to do, and results that others had. */
export function explain(found: Support): void {
  const missing = rungs(found).find(({ has }) => !has)!;
  tell(`this browser can’t compute here: no ${missing.name}`);
  notice([
    `Missing: ${missing.name}; ${found.hint ?? missing.without}.`,
    'The sample was segmented before; what other machines measured stands under Benchmark.',
  ]);
  for (const control of document.querySelectorAll<HTMLButtonElement>('#controls :is(button, select, input), #classes button'))
    control.disabled = true;
  the('help').disabled = false;
  void storedResults().then(() => document.getElementById('tab-bench')!.click());
}
