/** Who watches: a token of this browser's own, got on the first visit and renewed before it expires. */

import { recall, remember, viewerId } from "./store.js";

/** @typedef {{ token: string, viewer: string, expires: number }} Session */

const DAY_MS = 86400000;
const RENEW_MS = 7 * DAY_MS;

/** @type {Session | null} */
let current = recall("session", /** @type {Session | null} */ (null));
/** @type {Promise<void> | null} */
let renewing = null;

/** The viewer's name; without a token, one that this browser chose. */
export const viewer = () => current?.viewer || viewerId();

/** @returns {string | undefined} */
export const access = () => current?.token;

/** @returns {Record<string, string>} what every request carries */
export const credentials = () => (current ? { Authorization: `Bearer ${current.token}` } : {});

/** Have a token that is good for a while. Without an answer the page goes on with what it has. */
export async function signIn() {
  if (current && current.expires > Date.now() + RENEW_MS) return;
  await renew();
}

/** The token is not taken any more: get another one. */
export async function renew(forget = false) {
  if (forget && !renewing) current = null;
  renewing ||= ask().finally(() => (renewing = null));
  await renewing;
}

async function ask() {
  // A name of before goes on where that is believed; elsewhere only its own token proves it.
  const tries = current ? [{}] : [{ viewer_id: viewerId() }, {}];
  for (const body of tries) {
    const answer = await post(body).catch(() => null);
    if (answer?.ok) return keep(await answer.json());
    if (answer?.status === 401) current = null;
    if (!answer || ![401, 403].includes(answer.status)) return;
  }
}

/** @param {object} body */
const post = (body) =>
  fetch("/v1/sessions", {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...credentials() },
    signal: AbortSignal.timeout(5000),
  });

/** @param {{ token: string, viewer_id: string, expires_at: string }} made */
function keep(made) {
  current = { token: made.token, viewer: made.viewer_id, expires: Date.parse(made.expires_at) };
  remember("session", current);
  remember("viewer", current.viewer);
}
