// A bundler places whole modules: a helper that one late file calls stays in the first file when its neighbours are needed there. Here a bundled file is
// taken apart declaration by declaration, and what it shares with others goes by names of one or two letters.
import { parseAst } from 'rolldown/parseAst';

/** Code by file name, in one folder. */
export type Files = ReadonlyMap<string, string>;

type Statement = ReturnType<typeof parseAst>['body'][number];

/** What `visit` is called with is every node of a syntax tree. */
function walk(tree: unknown, visit: (node: Readonly<Record<string, unknown>>) => void): void {
  if (typeof tree !== 'object' || tree === null) return;
  if ('type' in tree) visit(tree as Readonly<Record<string, unknown>>);
  for (const part of Object.values(tree)) walk(part, visit);
}

/** Every name of a variable in it, whosever it is: more than are needed, never fewer. */
function namesIn(tree: unknown): Set<string> {
  const names = new Set<string>();
  // What stands behind a dot or before a colon is no variable.
  const others = new Set<unknown>();
  walk(tree, ({ computed, shorthand, property, key }) => {
    if (!computed) others.add(property);
    if (!computed && !shorthand) others.add(key);
  });
  walk(tree, node => node.type === 'Identifier' && !others.has(node) && names.add(node.name as string));
  return names;
}

type Tree = Readonly<Record<string, unknown>>;

/** Names that a pattern binds: of its identifiers all but those in defaults and computed keys. */
function boundBy(pattern: unknown): string[] {
  if (typeof pattern !== 'object' || pattern === null) return [];
  if (Array.isArray(pattern)) return pattern.flatMap(boundBy);
  const { type, name, left, argument, elements, properties, value } = pattern as Tree;
  if (type === 'Identifier') return [name as string];
  if (type === 'AssignmentPattern') return boundBy(left);
  return [argument, elements, properties, value].flatMap(boundBy);
}

/** What the statements of a block declare, and those of its loops' heads by `var`. */
function declaredIn(statements: unknown): string[] {
  return [statements].flat().flatMap(statement => {
    const { type, id, declarations } = (statement ?? {}) as Tree;
    if (type === 'FunctionDeclaration' || type === 'ClassDeclaration') return boundBy(id);
    return type === 'VariableDeclaration' ? (declarations as Tree[]).flatMap(declaration => boundBy(declaration.id)) : [];
  });
}

/** Names that it takes from outside of itself. */
function referencesIn(tree: unknown, bound: ReadonlySet<string> = new Set(), found = new Set<string>()): Set<string> {
  if (typeof tree !== 'object' || tree === null) return found;
  if (Array.isArray(tree)) {
    for (const part of tree) referencesIn(part, bound, found);
    return found;
  }
  const { type, name, computed, shorthand, id, params, body, init, left, param, cases, kind } = tree as Tree;
  if (type === 'Identifier' && !bound.has(name as string)) found.add(name as string);
  if (type === 'VariableDeclaration' && kind === 'var' && bound.size > 0)
    throw new Error('build-split.ts: a `var` within a function, which belongs to more than its block');
  // Each has a scope of its own: a function, a class, a block, a loop, a handler, a switch.
  const own = [
    ...boundBy(params),
    ...boundBy(param),
    ...(/^(Function|Class)Expression$/.test(type as string) ? boundBy(id) : []),
    ...declaredIn(/^(BlockStatement|StaticBlock)$/.test(type as string) ? body : []),
    ...declaredIn(/^For/.test(type as string) ? [init, left] : []),
    ...declaredIn(((cases ?? []) as Tree[]).flatMap(({ consequent }) => consequent)),
  ];
  const inner = own.length > 0 ? new Set([...bound, ...own]) : bound;
  for (const [key, part] of Object.entries(tree)) {
    // What stands behind a dot or before a colon is no variable, nor is a label.
    if (key === 'label' || (key === 'property' && !computed) || (key === 'key' && !computed && !shorthand)) continue;
    referencesIn(part, inner, found);
  }
  return found;
}

/** What a statement of the outermost scope declares; null for one that does something. */
function declaredBy(statement: Statement): readonly string[] | null {
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') return [statement.id!.name];
  return statement.type === 'VariableDeclaration' ? statement.declarations.flatMap(({ id }) => [...namesIn(id)]) : null;
}

function assignedIn(tree: unknown): Set<string> {
  const names = new Set<string>();
  const add = (target: unknown): void => {
    // Of `a.b = c` no variable changes.
    if ((target as { readonly type: string }).type !== 'MemberExpression') for (const name of namesIn(target)) names.add(name);
  };
  walk(tree, ({ type, left, argument }) => {
    if (type === 'AssignmentExpression') add(left);
    if (type === 'UpdateExpression') add(argument);
  });
  return names;
}

interface Specifier {
  readonly outside: string;
  readonly local: string;
}

/** `a as b, c`; the list of an import has the outside's name first, that of an export last. */
function specifiers(list: string, exports = false): Specifier[] {
  const pairs = list
    .split(',')
    .map(text => text.trim().split(/\s+as\s+/))
    .filter(([first]) => first);
  return pairs.map(([first, last = first]) => (exports ? { outside: last, local: first } : { outside: first, local: last }));
}

/** Code whose imports from a file, and what it exports from there at once, are written anew. */
function rewriteImports(code: string, file: string, write: (word: string, names: Specifier[]) => string): string {
  const pattern = new RegExp(`(import|export)\\s*\\{([^}]*)\\}\\s*from\\s*"\\./${file.replaceAll('.', '\\.')}";?`, 'g');
  return code.replace(pattern, (_, word: string, list: string) => write(word, specifiers(list)));
}

function importText(word: string, names: readonly Specifier[], file: string): string {
  const listed = names.map(({ outside, local }) => (outside === local ? local : `${outside} as ${local}`));
  return listed.length > 0 ? `${word}{${listed.join()}}from"./${file}";\n` : '';
}

function exportText(names: Iterable<string>): string {
  return `export { ${[...names].join(', ')} };\n`;
}

/** Declarations of the file `from` that neither `entry` nor its own start reaches are in `rest`, a new file; all import from where things are now. */
export function splitRest(files: Files, from: string, entry: string, rest: string): Files {
  const code = files.get(from)!;
  const { body } = parseAst(code);
  const statements = body.filter(({ type }) => type !== 'ExportNamedDeclaration');
  const [list] = [...code.matchAll(/^export \{([^}]*)\};$/gm)].map(([, list]) => list);
  const exported = new Map(specifiers(list, true).map(({ outside, local }) => [outside, local]));
  const declaring = new Map(statements.flatMap(statement => (declaredBy(statement) ?? []).map(name => [name, statement] as const)));
  const needed = new Set<Statement>();
  const need = (statement: Statement | undefined): void => {
    if (!statement || needed.has(statement)) return;
    needed.add(statement);
    for (const name of referencesIn(statement)) need(declaring.get(name));
  };
  rewriteImports(files.get(entry)!, from, (_, names) => {
    for (const { outside } of names) need(declaring.get(exported.get(outside)!));
    return '';
  });
  for (const statement of statements) if (!declaredBy(statement)) need(statement);
  // A variable can be assigned to in its own file alone.
  for (const statement of statements)
    if (!needed.has(statement) && [...assignedIn(statement)].some(name => needed.has(declaring.get(name)!))) need(statement);
  const late = statements.filter(statement => !needed.has(statement));
  const isLate = (name: string): boolean => !needed.has(declaring.get(name)!);
  const readByRest = [...new Set(late.flatMap(statement => [...referencesIn(statement)]))].filter(
    name => declaring.has(name) && !isLate(name),
  );
  const textOf = (some: readonly Statement[]): string => some.map(({ start, end }) => `${code.slice(start, end)}\n`).join('');
  const all = [...new Set([...exported.values(), ...readByRest])];
  const made = new Map<string, string>();
  for (const [file, own] of files)
    made.set(
      file,
      rewriteImports(own, from, (word, names) => {
        const renamed = names.map(({ outside, local }) => ({ outside: exported.get(outside)!, local }));
        const [now, later] = [false, true].map(late => renamed.filter(({ outside }) => isLate(outside) === late));
        return importText(word, now, from) + importText(word, later, rest);
      }),
    );
  made.set(from, textOf(statements.filter(statement => needed.has(statement))) + exportText(all.filter(name => !isLate(name))));
  made.set(
    rest,
    importText(
      'import',
      readByRest.map(name => ({ outside: name, local: name })),
      from,
    ) +
      textOf(late) +
      exportText(all.filter(isLate)),
  );
  return made;
}

/** What a minified file exports is called outside as it is inside. */
export function shortenExports(files: Files, from: string): Files {
  const shorter = new Map<string, string>();
  const code = files.get(from)!.replace(/export\{([^}]*)\};?$/, (_, list: string) => {
    for (const { outside, local } of specifiers(list, true)) shorter.set(outside, local);
    return `export{${[...new Set(shorter.values())].join()}};`;
  });
  const made = new Map(files).set(from, code);
  for (const [file, own] of made)
    made.set(
      file,
      rewriteImports(own, from, (word, names) =>
        importText(
          word,
          names.map(({ outside, local }) => ({ outside: shorter.get(outside)!, local })),
          from,
        ).trim(),
      ),
    );
  return made;
}
