// What every drawing must be: well-formed, on its own, without a number that went wrong.
import * as assert from 'uvu/assert';

export interface Page {
  /** Text of every element of a kind, entities read. */
  texts(name: string): string[];
  readonly attributes: readonly string[];
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

/** As strict as an XML parser in what drawings use: tags that close in order, quoted attributes, each once, no bare & or <. */
export function read(svg: string): Page {
  const open: string[] = [];
  const texts = new Map<string, string[]>();
  const attributes: string[] = [];
  const plain = (text: string): string => {
    assert.not.match(text, /[<>]|&(?!(amp|lt|gt|quot);)/, text);
    return text.replace(/&(\w+);/g, (_, name: string) => entities[name]);
  };
  let at = 0;
  for (const token of svg.matchAll(/<(\/?)([a-z]+)((?: [a-z][\w:-]*="[^"<]*")*)(\/?)>|([^<]+)/giy)) {
    assert.is(token.index, at, svg.slice(at, at + 80));
    at += token[0].length;
    const [, close, name, words, empty, text] = token;
    if (text !== undefined) {
      if (open.length === 0) assert.is(text.trim(), '');
      else texts.set(open.at(-1)!, [...(texts.get(open.at(-1)!) ?? []), plain(text)]);
    } else if (close) assert.is(open.pop(), name);
    else {
      const pairs = [...words.matchAll(/ ([^=]+)="([^"]*)"/g)].map(([, key, value]) => [key, plain(value)]);
      assert.is(new Set(pairs.map(([key]) => key)).size, pairs.length, token[0]);
      attributes.push(...pairs.map(([key, value]) => `${key}=${value}`));
      if (!empty) open.push(name);
    }
  }
  assert.is(at, svg.length, svg.slice(at, at + 80));
  assert.equal(open, []);
  return { texts: name => texts.get(name) ?? [], attributes };
}

/** Nothing from elsewhere, nothing that runs, no number that went wrong, both looks. */
export function onItsOwn(svg: string): Page {
  const page = read(svg);
  for (const attribute of page.attributes.filter(text => !text.startsWith('xmlns='))) {
    assert.not.match(attribute, /^(href|src|on\w+|xlink:href)=|NaN|Infinity|undefined/, attribute);
  }
  assert.not.match(svg, /<script|@import|url\(|<image|<foreignObject/i);
  assert.match(page.texts('style').join(''), /@media \(prefers-color-scheme:dark\)/);
  return page;
}
