/** The session that is remembered in this browser, for the clients of the API. */

import { recall, remember, viewerId } from "./store.js";

/** @typedef {import("../client/types").Kept} Kept */

export const mine = {
  viewer: viewerId(),
  memory: {
    load: () => recall("session", /** @type {Kept | null} */ (null)),
    save: (/** @type {Kept} */ kept) => (remember("session", kept), remember("viewer", kept.viewer)),
  },
};
