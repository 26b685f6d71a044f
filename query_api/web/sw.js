/**
 * The page without a network: its own files, the list of what comes next, and those videos, from this browser's cache.
 *
 * The network is asked first for everything but media, which never change under their names.
 */

const SHELL = "swipestream-shell";
const MEDIA = "swipestream-media";
const LIST = "/offline/feed";
const PATIENCE_MS = 4000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/media/")) event.respondWith(media(request));
  else if (pathname === "/v1/feed") event.respondWith(feed(request));
  else if (isShell(request, pathname)) event.respondWith(shell(request));
});

/** Of the page itself: no API, no studio. */
const isShell = (request, pathname) =>
  pathname === "/config.json" || (/\.(js|css|svg)$/.test(pathname) && !pathname.startsWith("/studio/")) || (request.mode === "navigate" && pathname === "/");

async function shell(request) {
  const cache = await caches.open(SHELL);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

/** Without a network, the first page of the feed is what was to come next; there is no second. */
async function feed(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = new URL(request.url).searchParams.has("cursor") ? null : await caches.match(LIST);
    if (kept) return kept;
    throw error;
  }
}

async function media(request) {
  const kept = await caches.match(request.url, { cacheName: MEDIA });
  return kept ? part(request, kept) : fetch(request);
}

/** The range that a player asks for, of a file that is kept whole (RFC 9110, section 14). */
async function part(request, kept) {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("Range") || "");
  if (!asked) return kept;
  const whole = await kept.blob();
  const [start, end] = [Number(asked[1]), asked[2] ? Math.min(Number(asked[2]), whole.size - 1) : whole.size - 1];
  if (start >= whole.size) return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${whole.size}` } });
  const headers = { "Content-Type": whole.type, "Content-Length": String(end - start + 1), "Content-Range": `bytes ${start}-${end}/${whole.size}`, "Accept-Ranges": "bytes" };
  return new Response(whole.slice(start, end + 1, whole.type), { status: 206, headers });
}
