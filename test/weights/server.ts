// A server for tests of downloads, with one file and a list of misdeeds.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface Seen {
  readonly range: string | undefined;
  readonly condition: string | undefined;
}

/** What is done with the n-th request, from 0 on. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, n: number) => void;

export interface FileServer {
  readonly url: string;
  readonly seen: Seen[];
  /** Connections end, and nobody is there any more. */
  close(): Promise<void>;
}

export async function fileServer(behave: Behaviour): Promise<FileServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const { range, 'if-range': condition } = request.headers;
    seen.push({ range, condition: condition as string | undefined });
    behave(request, response, seen.length - 1);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.safetensors`,
    seen,
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface Answer {
  /** Default: `"v1"`. */
  readonly tag?: string | null;
  readonly date?: string;
  /** Bytes of the body after which the connection is cut, or falls silent. */
  readonly cut?: number;
  readonly stall?: number;
  /** What is said instead of the true length. */
  readonly announce?: number;
  readonly gzip?: boolean;
  /** Requests for parts get the whole. */
  readonly whole?: boolean;
  /** Parts begin so many bytes beside what is asked for. */
  readonly shift?: number;
}

/** The file as a well-behaved server gives it, but for `answer`. */
export function give(
  file: Uint8Array,
  request: IncomingMessage,
  response: ServerResponse,
  { tag = '"v1"', date, cut, stall, announce, gzip, whole, shift = 0 }: Answer = {},
): void {
  const { range, 'if-range': condition } = request.headers;
  const asked = /^bytes=(\d+)-$/.exec(range ?? '');
  const partial = asked && !whole && (condition === undefined || condition === tag || condition === date);
  if (tag) response.setHeader('etag', tag);
  if (date) response.setHeader('last-modified', date);
  const from = partial ? Number(asked[1]) + shift : 0;
  if (partial && from >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` });
    return void response.end();
  }
  const body = gzip ? gzipSync(file) : file.subarray(from);
  if (partial) response.setHeader('content-range', `bytes ${from}-${file.length - 1}/${file.length}`);
  if (gzip) response.setHeader('content-encoding', 'gzip');
  response.writeHead(partial ? 206 : 200, { 'content-length': announce ?? body.length });
  const sent = body.subarray(0, cut ?? stall ?? body.length);
  response.write(sent, () => {
    if (cut !== undefined) response.destroy();
    else if (stall === undefined) response.end();
  });
}
