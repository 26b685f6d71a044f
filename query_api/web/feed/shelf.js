/**
 * The next videos in this browser's cache, so that the page starts without a network: `sw.js` answers from it.
 *
 * Only where the page is a secure context (https, or this machine); elsewhere it keeps nothing.
 */

/** @typedef {import("../client/types").VideoCard} Card */

const MEDIA = "swipestream-media";
const LIST = "/offline/feed";
const usable = "caches" in globalThis && Boolean(navigator.serviceWorker);

/** Take over requests when there is no network. */
export function install() {
  if (usable) navigator.serviceWorker.register("/sw.js").catch(() => {});
}

/**
 * A video was fetched whole: keep it, and its cover and captions with it.
 * @param {Card} card
 * @param {Response} response
 */
export async function put(card, response) {
  if (!usable) return;
  const cache = await caches.open(MEDIA);
  await cache.put(card.media.video, response);
  await cache.addAll([card.media.cover, card.media.captions].filter((address) => typeof address === "string"));
}

/**
 * What plays now and comes next; all else is let go.
 * @param {Card[]} cards
 */
export async function keep(cards) {
  if (!usable) return;
  const cache = await caches.open(MEDIA);
  const wanted = new Set(cards.flatMap(({ media }) => [media.video, media.cover, media.captions || ""]).map((address) => new URL(address, location.href).href));
  for (const request of await cache.keys()) if (!wanted.has(request.url) && !request.url.endsWith(LIST)) await cache.delete(request);
  await cache.put(LIST, new Response(JSON.stringify({ items: cards }), { headers: { "Content-Type": "application/json" } }));
}
