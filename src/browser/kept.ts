// What a page may ask of the weights that it keeps.
import { keptIn } from '../weights/kept.ts';
import { openStore } from './storage.ts';

export const { list, clear } = keptIn(openStore);

export async function persist(): Promise<boolean> {
  return (await globalThis.navigator?.storage?.persist?.()) ?? false;
}
