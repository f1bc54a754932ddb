// What is read of a server has an end, and says why there is none.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError, type ErrorCode } from '../../src/errors.ts';
import { download } from '../../src/weights/download.ts';
import { readResponse } from '../../src/weights/response.ts';

async function fails(work: Promise<unknown>, code: ErrorCode, pattern: RegExp): Promise<void> {
  const error: unknown = await work.then(() => 'no error').catch((thrown: unknown) => thrown);
  assert.instance(error, AtrousError, String(error));
  assert.is((error as AtrousError).code, code);
  assert.match((error as AtrousError).message, pattern);
}

/** Nothing behind it is read. */
function announcing(length: number, stream: ReadableStream<Uint8Array>): Response {
  return new Response(stream, { headers: { 'content-length': String(length) } });
}

test('more than 2 GiB are refused, announced or sent', async () => {
  let sent = 0;
  const piece = new Uint8Array(2 ** 24);
  const endless = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      pull(controller) {
        sent += piece.length;
        controller.enqueue(piece);
      },
    });
  await fails(
    readResponse(announcing(2 ** 31 + 1, endless()), {}),
    'LIMIT',
    /is 2147483649 bytes or more, .*up to 2147483648.*alone/,
  );
  assert.ok(sent <= 2 * piece.length, `${sent} bytes were read`);
  sent = 0;
  await fails(readResponse(new Response(endless()), {}), 'LIMIT', /bytes or more/);
  assert.ok(sent <= 2 ** 31 + 3 * piece.length, `${sent} bytes were read`);
});

test('a server that is not reached, or breaks off, is named with the reason', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  await fails(download(url, { wait: 1 }), 'NO_FILE', /^http:.*\/x can't be fetched: .*(connection broke|closed)/);
  await new Promise(resolve => server.close(resolve));
  await fails(download(url, { wait: 1 }), 'NO_FILE', /^http:.*\/x can't be fetched: the server refuses the connection/);
  await fails(download('http://nowhere.invalid/x', { wait: 1 }), 'NO_FILE', /host name/);
});

test.run();
