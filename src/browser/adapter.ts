// The page's adapter, or why there is none and what to do about it in this browser.
import { AtrousError } from '../errors.ts';
import { type Support, supported, unsupported } from '../gpu/support.ts';

type Missing = Pick<Support, 'reason' | 'hint'> & { readonly adapter: null };

const SENTENCES = {
  'no-webgpu': 'this browser has no WebGPU',
  'insecure-context': 'this page is not a secure context',
  'no-adapter': 'the browser offers no graphics adapter',
};

/** Throws `NO_ADAPTER`, saying what to do. */
export async function browserAdapter(): Promise<GPUAdapter> {
  const found = await findAdapter();
  if (found.adapter !== null) return found.adapter;
  throw new AtrousError('NO_ADAPTER', `${SENTENCES[found.reason!]}: ${found.hint} (in Node import from atrous/node)`);
}

/**
 * What `load` will find in this page: whether there is a device, else why not and what to do; the adapter, its features, and the precisions that models can
 * have on it. It loads nothing and never throws.
 */
export async function support(): Promise<Support> {
  const { adapter, reason, hint } = await findAdapter();
  return adapter ? supported(adapter) : unsupported(reason!, hint!);
}

async function findAdapter(): Promise<{ readonly adapter: GPUAdapter; readonly reason: null; readonly hint: null } | Missing> {
  if (!globalThis.navigator?.gpu) {
    if (globalThis.isSecureContext === false)
      return { adapter: null, reason: 'insecure-context', hint: 'serve it over https, or from localhost' };
    return { adapter: null, reason: 'no-webgpu', hint: upgrade() };
  }
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  return adapter ? { adapter, reason: null, hint: null } : { adapter: null, reason: 'no-adapter', hint: switchOn() };
}

function upgrade(): string {
  const agent = globalThis.navigator?.userAgent ?? '';
  if (/Firefox\//.test(agent))
    return 'update to Firefox 141 on Windows or 145 on macOS; elsewhere set dom.webgpu.enabled in about:config';
  if (/Version\/.* Safari\//.test(agent)) return 'update to Safari 26';
  return 'update it: Chrome and Edge have WebGPU from 113 on, Safari from 26, Firefox from 141';
}

function switchOn(): string {
  const agent = globalThis.navigator?.userAgent ?? '';
  if (/Firefox\//.test(agent)) return 'see Graphics in about:support';
  if (/Chrom(e|ium)\//.test(agent))
    return 'switch on hardware acceleration, and see chrome://gpu; on Linux chrome://flags/#enable-unsafe-webgpu';
  return 'see whether the browser has hardware acceleration switched on';
}
