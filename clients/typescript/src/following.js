/** Follow one video from prompt to file: pushes from the gateway, with the API as the second opinion. */

import { ApiError } from "./errors.js";

/**
 * @typedef {import("./types").GatewayFrame} GatewayFrame
 * @typedef {import("./types").Step} Step
 * @typedef {import("./types").StreamOptions} StreamOptions
 */

/** Without a push for this long the API is asked. */
const QUIET_MS = 2000;
const ENDED = ["failed", "rejected", "withdrawn", "dropped"];

/**
 * @param {import("./client.js").Swipestream} api
 * @param {string} id
 * @param {{ stream?: StreamOptions, signal?: AbortSignal, quietMs?: number }} [options]
 * @returns {AsyncGenerator<Step>}
 */
export async function* follow(api, id, { stream: how = {}, signal, quietMs = QUIET_MS } = {}) {
  const stream = api.stream({ ...how, videos: [id] });
  /** @type {Step[]} */
  const steps = [];
  /** @type {ApiError | null} */
  let refused = null;
  let wake = () => {};
  stream.addEventListener("frame", (event) => {
    const step = read(/** @type {CustomEvent} */ (event).detail, id);
    if (step instanceof ApiError) refused = step;
    else if (step) steps.push(step);
    if (step) wake();
  });
  stream.open();
  let fraction = 0;
  try {
    while (!signal?.aborted) {
      if (!steps.length && !refused) await asked(api, id).then((step) => step && steps.push(step));
      if (!steps.length && !refused) await new Promise((done) => ((wake = () => done(undefined)), setTimeout(done, quietMs)));
      if (refused) throw refused;
      for (let step = steps.shift(); step; step = steps.shift()) {
        fraction = Math.max(fraction, step.fraction); // scenes are told in parallel: never go back
        yield { ...step, fraction };
        if (step.card) return;
      }
    }
    throw signal?.reason;
  } finally {
    stream.close();
  }
}

/**
 * What a frame says of a video: a step, its end, or nothing.
 * @param {any} frame
 * @param {string} id
 * @returns {Step | ApiError | null}
 */
export function read(frame, id) {
  if ((frame.card ?? frame).video_id !== id) return null;
  if (ENDED.includes(frame.type)) return new ApiError(frame.reason || `The video was ${frame.type}.`, 409);
  if (frame.type === "revision" && frame.status === "dropped" && !frame.overtaken_by) return new ApiError(frame.reason || "The video was dropped.", 409);
  if (frame.type === "video") return { fraction: 1, stage: "published", card: frame.card };
  if (frame.type === "progress") return { fraction: frame.fraction, stage: frame.stage };
  return null;
}

/**
 * @param {import("./client.js").Swipestream} api
 * @param {string} id
 * @returns {Promise<Step | null>}
 */
async function asked(api, id) {
  const video = await api.video(id).catch(() => null); // not there yet, or the API restarts
  if (!video) return null;
  if (ENDED.includes(video.status)) throw new ApiError(video.reason || `The video was ${video.status}.`, 409);
  return video.card ? { fraction: 1, stage: "published", card: video.card } : null;
}
