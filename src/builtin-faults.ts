// What is wrong with a built-in name's URL or bytes.
import { AtrousError } from './errors.ts';

/** `base` is the caller's `baseUrl`; without one the package's own URL was asked for. */
export function noUrl(file: string, base: string | URL | undefined, cause: unknown): AtrousError {
  if (base === undefined) {
    // A script that is no module has no URL of its own.
    const next = `serve a copy of weights/${file} and give its folder as baseUrl`;
    return new AtrousError('BAD_USAGE', `this bundle does not know where it lies: ${next}`, { cause });
  }
  const example = globalThis.location ? '/weights/ or https://example.org/weights/' : 'https://example.org/weights/';
  return new AtrousError('BAD_USAGE', `baseUrl "${base}" is no URL, such as ${example}`, { cause });
}

/** `found`: their sha256, null where there are not as many as there should be. */
export function otherBytes(
  name: string,
  { file, bytes: size, sha256 }: { readonly file: string; readonly bytes: number; readonly sha256: string },
  bytes: Uint8Array,
  found: string | null,
  url: URL,
): AtrousError {
  const what =
    found === null ? `${bytes.length} bytes, "${name}" has ${size}` : `its sha256 is ${found}, that of "${name}" ${sha256}`;
  const next = `serve weights/${file} of this version as it is, or load other weights by their URL`;
  return new AtrousError('BAD_WEIGHTS', `${url}: ${what}: ${next}`);
}

/** A bare word is no URL that anyone means. */
export function noName(word: string, known: Iterable<string>): AtrousError {
  return new AtrousError('BAD_USAGE', `"${word}" is no name with weights (${[...known].join(', ')}); a URL has a dot or a slash`);
}
