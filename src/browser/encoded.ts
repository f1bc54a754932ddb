// Pictures as files, which the browser decodes.
import { describe } from '../errors.ts';
import type { Taken, Taker } from '../front/taken.ts';
import { AS_STORED, bad, copied } from './ladder.ts';

export async function takeEncoded(source: Blob | Response, taker: Taker): Promise<Taken> {
  return 'blob' in source ? takeResponse(source, taker) : decode(source, `the ${(source as File).name ?? 'Blob'}`, taker);
}

async function takeResponse(response: Response, taker: Taker): Promise<Taken> {
  const name = `the Response of ${response.url || 'a picture'}`;
  if (!response.ok) throw bad(`${name} is ${response.status} ${response.statusText}`.trim());
  if (response.bodyUsed) throw bad(`${name} has been read already: give its Blob`);
  return decode(await response.blob(), name, taker);
}

async function decode(blob: Blob, name: string, taker: Taker): Promise<Taken> {
  const bitmap = await createImageBitmap(blob, AS_STORED).catch(error => {
    const type = blob.type || 'of no type';
    throw bad(`${name} (${type}, ${blob.size} bytes) is no picture that this browser decodes: ${describe(error)}`, error);
  });
  return copied(bitmap, { h: bitmap.height, w: bitmap.width }, taker, 'bitmap', true);
}
