// A service worker that gives the page's own video files addresses of the page's host. Under `default-src 'self'` a <video> takes no blob: address, and it
// asks for parts: each request is answered with what the page itself hands over, so that nothing is copied, kept or sent. All other requests pass by.
// It lives as long as the page that asked for it (demo/opened.ts). Plain JavaScript: it is fetched as it lies here.

addEventListener('install', () => skipWaiting());
addEventListener('activate', event => event.waitUntil(clients.claim()));

addEventListener('fetch', event => {
  if (event.request.url.startsWith(`${registration.scope}opened/`)) event.respondWith(answer(event));
});

async function answer({ clientId, request }) {
  const page = await clients.get(clientId);
  const file = page && (await fileOf(page, request.url));
  if (!file) return new Response(null, { status: 404 });
  const headers = { 'content-type': file.type, 'accept-ranges': 'bytes', 'cache-control': 'no-store' };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '');
  if (!range) return new Response(file, { headers: { ...headers, 'content-length': file.size } });
  const begin = Number(range[1]);
  const end = Math.min(range[2] ? Number(range[2]) + 1 : file.size, file.size);
  if (begin >= end) return new Response(null, { status: 416, headers: { 'content-range': `bytes */${file.size}` } });
  return new Response(file.slice(begin, end), {
    status: 206,
    headers: { ...headers, 'content-length': end - begin, 'content-range': `bytes ${begin}-${end - 1}/${file.size}` },
  });
}

/** The page's file of that address, or null. */
function fileOf(page, address) {
  return new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    page.postMessage(address, [port2]);
  });
}
