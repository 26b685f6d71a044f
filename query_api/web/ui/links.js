/** Links to single videos: `#/v/<id>`. */

import { api } from "../api.js";
import { ApiError } from "../client/errors.js";
import { toast } from "./toasts.js";

/** @typedef {import("../client/types").VideoCard} Card */

/**
 * The address bar names the current video, without filling the history.
 * @param {Card} card
 */
export const showLink = (card) => history.replaceState(null, "", `#/v/${card.video_id}`);

/**
 * Hand a link on: by the system's own sheet, else by the clipboard.
 * @param {Card} card
 * @returns {Promise<boolean>} whether it went out
 */
export async function share(card) {
  const url = new URL(`#/v/${card.video_id}`, location.href).href;
  try {
    if (navigator.share) await navigator.share({ title: card.title, url });
    else await navigator.clipboard.writeText(url).then(() => toast("Link copied."));
    return true;
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "AbortError") toast(`The link: ${url}`);
    return false;
  }
}

/**
 * Play the video that the address names, before all others.
 * @param {import("../feed/feed.js").Feed} feed
 */
export async function followLink(feed) {
  const id = /^#\/v\/([0-9a-f-]{36})$/.exec(location.hash)?.[1];
  if (!id || id === feed.list.current?.video_id) return;
  try {
    const { card } = await api.video(id);
    if (card) feed.show(card);
    else toast("That video is not ready yet.");
  } catch (error) {
    const gone = error instanceof ApiError && error.status === 404;
    toast(gone ? "That video is not there." : String(error instanceof Error ? error.message : error), "error");
  }
}
