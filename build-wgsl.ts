// WGSL for machines: no comments, no needless white space, short names. One dictionary for all files of `shaders/`, so that libs fit whatever uses them: programs
// are joined at run time, and of their names only those of overrides, of `main` and of what an adapter's matrices have are asked for there.

const TOKEN = /\d[\w.]*|\.\d\w*|[A-Za-z_]\w*|\S/g;
/** Declarations: what a keyword introduces, and before a colon parameters, members and typed variables. */
const DECLARED = /\b(?:fn|let|const|alias|struct|var(?:\s*<[^>]*>)?)\s+([A-Za-z_]\w*)|(?<!@\s*)\b([A-Za-z_]\w*)\s*:/g;
/** Components of a vector are members too. */
const COMPONENTS = /^([xyzw]{1,4}|[rgba]{1,4})$/;
/** Of two letters or fewer; longer short names are not made. */
const KEYWORDS = ['fn', 'if', 'or', 'as', 'do', 'of', '_'];

/** Texts by path → the same programs, however they are joined. */
export function minifyShaders(texts: ReadonlyMap<string, string>): Map<string, string> {
  const plain = new Map([...texts].map(([path, text]) => [path, text.replace(/\/\/(?! use ).*$/gm, '')]));
  const short = shortNames([...plain.values()].map(text => text.replace(/^\/\/ use .*$/gm, '')));
  return new Map([...plain].map(([path, text]) => [path, minify(text, short)]));
}

/** Names that files declare → shorter ones, the shortest for those that are used most. */
function shortNames(texts: readonly string[]): ReadonlyMap<string, string> {
  const all = texts.join('\n');
  const found = (pattern: RegExp): Set<string> =>
    new Set([...all.matchAll(pattern)].flatMap(([, ...names]) => names.filter(Boolean)));
  const callable = found(/\b(?:fn|struct|alias)\s+(\w+)/g);
  // A variable may be called like a function or a word of the language: such a name stays.
  const kept = new Set([
    ...found(/\boverride\s+(\w+)/g),
    ...found(/\bconst\s+(MATRIX_\w+)/g),
    ...[...found(/(?<![@\w])(\w+)\s*\(/g)].filter(name => !callable.has(name)),
    ...found(/@(\w+)/g),
    ...found(/@\w+\s*\(\s*([a-z_]+)\s*\)/g),
    ...found(/\benable\s+(\w+)/g),
    ...[...found(/\bvar\s*<([^>]*)>/g)].flatMap(list => list.split(/\W+/)),
    ...['main', 'default'],
  ]);
  const uses = new Map<string, number>();
  for (const [token] of all.matchAll(TOKEN)) uses.set(token, (uses.get(token) ?? 0) + 1);
  const declared = [...found(DECLARED)].filter(name => name.length > 1 && !kept.has(name) && !COMPONENTS.test(name));
  const free = letters().filter(name => !uses.has(name) && !KEYWORDS.includes(name) && !COMPONENTS.test(name));
  if (declared.length > free.length) throw new Error(`${declared.length} names in shaders/, and ${free.length} short ones`);
  return new Map(declared.sort((a, b) => uses.get(b)! - uses.get(a)! || (a < b ? -1 : 1)).map((name, n) => [name, free[n]]));
}

/** One letter, then two. */
function letters(): string[] {
  const alphabet = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  return [...alphabet, ...alphabet.flatMap(a => alphabet.map(b => a + b))];
}

/** Line ends stay where a `// use` needs them. */
function minify(text: string, short: ReadonlyMap<string, string>): string {
  return text
    .split(/^(\/\/ use .*)$/m)
    .map((part, n) => (n % 2 === 1 ? `\n${part.trim()}\n` : joined(part, short)))
    .join('')
    .replace(/\n+/g, '\n')
    .trim();
}

/** Words stand apart, and operators that stood apart. */
function joined(text: string, short: ReadonlyMap<string, string>): string {
  let [made, end] = ['', 0];
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const [before, next] = [made.at(-1) ?? '', token[0]];
    const apart = (/\w/.test(before) && /\w/.test(next)) || (/[-+*/<>=&|^%!~.]/.test(before) && /[-+*/<>=&|^%!~.]/.test(next));
    const space = index > end && apart ? ' ' : '';
    made += space + (short.get(token) ?? token);
    end = index + token.length;
  }
  return made;
}
