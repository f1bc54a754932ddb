// The declarations of a build, made fit for other people's compilers: TypeScript 5.4 and newer, with and without WebGPU in its DOM library or in
// @webgpu/types, and without `skipLibCheck`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Globals of WebGPU, and typed arrays that say over what; not in quotes. */
const NAMES = /(?<!['\w])(?:GPU(?:[A-Z]\w*)?|\w+Array(?=<ArrayBuffer>))(?!['\w])/g;

/** Rewrites every declaration in a folder. */
export function settleTypes(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.d.ts'));
  const names = new Set<string>();
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8');
    const used = [...new Set(text.match(NAMES))].sort();
    const platform = relative(dirname(file), 'platform.js').replaceAll('\\', '/');
    const lines = [
      // `Symbol.asyncDispose` of a class.
      ...(text.includes('asyncDispose') ? ['/// <reference lib="esnext.disposable" />'] : []),
      ...(used.length > 0
        ? [`import type { ${used.map(local).join(', ')} } from '${platform.startsWith('.') ? platform : `./${platform}`}';`]
        : []),
      text
        .replace(/((?:from |import\()'\.[^']*)\.ts'/g, "$1.js'")
        .replace(NAMES, local)
        .replaceAll('<ArrayBuffer>', ''),
    ];
    for (const name of used) names.add(name);
    writeFileSync(join(folder, file), lines.join('\n'));
  }
  writeFileSync(join(folder, 'platform.d.ts'), platformTypes([...names].sort()));
}

/** Not the name of the global: a type of that name could not be derived from it. */
function local(name: string): string {
  return name.startsWith('GPU') ? `Web${name}` : `Plain${name}`;
}

/**
 * WebGPU's types, where the reader's compiler knows them: from its DOM library (TypeScript 6) or from @webgpu/types; else `any`. And typed arrays over an
 * ArrayBuffer, which are generic since TypeScript 5.7 alone.
 */
function platformTypes(names: readonly string[]): string {
  return `// WebGPU's types as the compiler that reads this knows them: of its DOM library or of @webgpu/types; \`unknown\` where it has neither.
type Of<Name extends string> = typeof globalThis extends { readonly [key in Name]: { readonly prototype: infer T } } ? T : any;
${names.map(name => `export type ${local(name)} = ${name.startsWith('GPU') ? `Of<'${name}'>` : `ReturnType<${name}Constructor['of']>`};`).join('\n')}
`;
}
