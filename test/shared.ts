// What may lie beside the project's folder: more goldens, photographs, trained checkpoints. Tests take breadth from there, and nothing that they can't do
// without: what every kind of check needs at least once is in the repository. `npm test -- --shared` runs the files that import this one.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file or folder of `../shared`, or null where it is missing; the runner repeats at its end what is then left out. */
export function shared(path: string, without: string): string | null {
  const found = fileURLToPath(new URL(`../../shared/${path}`, import.meta.url));
  if (existsSync(found)) return found;
  console.log(`skipped: ../shared/${path} is not here: ${without}`);
  return null;
}
