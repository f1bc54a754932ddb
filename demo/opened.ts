// Addresses for files that the reader opened: of the page's own host by its service worker (public/opened.js), because a strict policy refuses blob: ones.

export interface Opened {
  readonly href: string;
  close(): void;
}

const files = new Map<string, Blob>();
let count = 0;
let serving: Promise<void> | undefined;

/** An address at which the page itself finds the file; a blob: one where browsers give it no service worker. */
export async function openedAt(file: Blob): Promise<Opened> {
  try {
    await (serving ??= serve());
  } catch {
    serving = undefined;
    const href = URL.createObjectURL(file);
    return { href, close: () => URL.revokeObjectURL(href) };
  }
  const { href } = new URL(`opened/${++count}`, document.baseURI);
  files.set(href, file);
  return { href, close: () => files.delete(href) };
}

/** Rejects where there are no service workers: without https, in some private windows. */
async function serve(): Promise<void> {
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('message', ({ data, ports }) => ports[0]!.postMessage(files.get(data) ?? null));
  const controlled = new Promise<void>(resolve =>
    serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true }),
  );
  const registration = await serviceWorker.register(new URL('opened.js', document.baseURI), { scope: './' });
  await controlled;
  // From now on it works for as long as this page is open, and no longer.
  await registration.unregister();
}
