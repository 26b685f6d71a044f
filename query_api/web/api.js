/** This page's client of the API, which remembers its session in this browser. */

import { Swipestream } from "./client/index.js";
import { recall, remember, viewerId } from "./ui/store.js";

/** @typedef {import("./client/types").Kept} Kept */

export const api = new Swipestream({
  viewer: viewerId(),
  memory: {
    load: () => recall("session", /** @type {Kept | null} */ (null)),
    save: (kept) => (remember("session", kept), remember("viewer", kept.viewer)),
  },
});
