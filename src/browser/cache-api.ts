// The Cache API as a store, for browsers without files that pages can write.
import type { Store } from '../weights/cache.ts';

/** Throws where the browser has none. */
export async function openCache(folder: string): Promise<Store> {
  const cache = await caches.open(folder);
  const url = (name: string): string => new URL(`/${folder}/${name}`, location.origin).href;
  return {
    async read(name) {
      const response = await cache.match(url(name));
      return response ? new Uint8Array(await response.arrayBuffer()) : null;
    },
    write: (name, bytes) => cache.put(url(name), new Response(bytes)),
    names: async () => (await cache.keys()).map(request => request.url.split('/').at(-1)!),
    async remove(name) {
      await cache.delete(url(name));
    },
  };
}
