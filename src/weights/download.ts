// Weights over HTTP.
import { AtrousError, checkSignal, describe } from '../errors.ts';

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly phase: 'download'; readonly done: number; readonly total: number }) => void;
}

/** Throws `NO_FILE` when the server can't be reached, answers with an error or sends less than it announced; `ABORTED`. */
export async function download(url: string | URL, { signal, onProgress }: DownloadOptions): Promise<Uint8Array> {
  checkSignal(signal);
  const fail = (error: unknown): never => {
    checkSignal(signal);
    throw new AtrousError('NO_FILE', `${url} can't be fetched: ${describe(error)}`, { cause: error });
  };
  const response = await fetch(url, { signal }).catch(fail);
  if (!response.ok || !response.body)
    throw new AtrousError('NO_FILE', `${url}: the server answered ${response.status} ${response.statusText}`);
  const total = Number(response.headers.get('content-length')) || 0;
  const parts: Uint8Array[] = [];
  let done = 0;
  const reader = response.body.getReader();
  for (let chunk = await reader.read().catch(fail); !chunk.done; chunk = await reader.read().catch(fail)) {
    parts.push(chunk.value);
    done += chunk.value.length;
    onProgress?.({ phase: 'download', done, total });
  }
  const bytes = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
