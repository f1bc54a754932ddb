// `?model=…&src=…&size=HxW`: a link to what is seen. Files of other hosts are loaded only when the reader agrees.

export const params = new URLSearchParams(location.search);

/** The size in a control's words, `120x160`, or undefined for the picture's own. */
export function sizeOf(text: string): { height: number; width: number } | undefined {
  const found = /^(\d{1,4})x(\d{1,4})$/.exec(text);
  if (!found) return undefined;
  return { height: Number(found[1]), width: Number(found[2]) };
}

/** An address of `http` or `https` that a parameter names, seen from this page; undefined where it names none. */
export function addressOf(text: string): URL | undefined {
  if (!/[./]/.test(text)) return undefined;
  const url = URL.parse(text, document.baseURI);
  return url && /^https?:$/.test(url.protocol) ? url : undefined;
}

/** Keeps the page's address in step, so that it can be passed on. */
export function remember(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const query = params.toString();
  history.replaceState(null, '', query ? `?${query}` : location.pathname);
}
