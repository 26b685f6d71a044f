/** What the first picture waits for, asked for before the rest of the page is there: who watches, and the first videos. */

import { api } from "../api.js";

/** Videos that are asked for at a time. */
export const PAGE = 10;

/** Settled once it is known who watches, or that this cannot be known now. */
export const known = api.signIn();
/** The first page of the feed. Whoever takes it hears why it did not come. */
export const first = known.then(() => api.feed(PAGE));
first.catch(() => {});
