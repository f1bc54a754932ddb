// Why a page has no adapter, and what to do about it in this browser.
import { AtrousError } from '../errors.ts';

const SENTENCES = {
  'no-webgpu': 'this browser has no WebGPU',
  'insecure-context': 'this page is not a secure context',
  'no-adapter': 'the browser offers no graphics adapter',
};

/** To be thrown where there is no adapter. */
export function noAdapter(): AtrousError {
  const { reason, hint } = missing();
  return new AtrousError('NO_ADAPTER', `${SENTENCES[reason]}: ${hint} (in Node import from atrous/node)`);
}

export function missing(): { readonly reason: keyof typeof SENTENCES; readonly hint: string } {
  if (globalThis.navigator?.gpu) return { reason: 'no-adapter', hint: switchOn() };
  if (globalThis.isSecureContext === false) return { reason: 'insecure-context', hint: 'serve it over https, or from localhost' };
  return { reason: 'no-webgpu', hint: upgrade() };
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
