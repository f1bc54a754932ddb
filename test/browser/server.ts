// A small web server for tests: files by path, and a list of what was asked for.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

/** What answers a path: a file's absolute name, a text with its type from the path's ending, or a function that does it all. */
export type Route = { readonly file: string } | string | ((request: IncomingMessage, response: ServerResponse) => void);

export interface Server {
  /** `http://127.0.0.1:port`: a secure context, so that pages have WebGPU. */
  readonly origin: string;
  /** Paths in the order in which they were asked for. */
  readonly requests: string[];
  close(): void;
}

const TYPES: Record<string, string> = {
  '': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.css': 'text/css',
  '.png': 'image/png',
};

/** `find` gives the route of a path without its query, undefined for a 404. `headers` go with every answer. */
export async function serve(find: (path: string) => Route | undefined, headers: OutgoingHttpHeaders = {}): Promise<Server> {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname);
    requests.push(path);
    const route = find(path);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value!);
    if (typeof route === 'function') return route(request, response);
    if (route === undefined || (typeof route === 'object' && !existsSync(route.file))) {
      response.writeHead(404, { 'content-type': 'text/html' });
      return response.end('<!doctype html><title>not found</title>');
    }
    const name = typeof route === 'string' ? path : route.file;
    const body = typeof route === 'string' ? Buffer.from(route) : await readFile(route.file);
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': body.length });
    response.end(body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
