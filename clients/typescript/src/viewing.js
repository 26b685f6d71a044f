/** What viewers need of the API: a session, the feed, swipes, prompts, the stream. The swipe page loads no more. */

import { ApiError, explained } from "./errors.js";
import { Session, randomName } from "./session.js";
import { Stream } from "./stream.js";

/**
 * @typedef {import("./types").Accepted} Accepted
 * @typedef {import("./types").FeedPage} FeedPage
 * @typedef {import("./types").Flavor} Flavor
 * @typedef {import("./types").Options} Options
 * @typedef {import("./types").Prompt} Prompt
 * @typedef {import("./types").StreamOptions} StreamOptions
 * @typedef {import("./types").Swipe} Swipe
 * @typedef {import("./types").Video} Video
 */

/** The names under which a machine reaches itself. */
const LOCAL = ["127.0.0.1", "localhost", "[::1]"];

export class Viewing {
  /** @param {Options} [options] */
  constructor({ baseUrl = "", viewer, token, memory, timeoutMs = 10000 } = {}) {
    this.baseUrl = baseUrl.replace(/\/$/, "");
    this.session = new Session(this.baseUrl, { viewer, token, memory });
    this.timeoutMs = timeoutMs;
  }

  /** Who watches. */
  get viewer() {
    return this.session.viewer;
  }

  /** Have an anonymous token, where none was given. Without an answer this client goes on with what it has. */
  signIn() {
    return this.session.signIn();
  }

  /**
   * Go on with a newer token of one's own issuer; streams that are open do so too, and nothing is dropped.
   * @param {string} token
   */
  useToken(token) {
    this.session.use(token);
  }

  /**
   * Any path of the API, as JSON; null where the answer has none. Throws ApiError.
   * @param {string} path
   * @param {RequestInit & { timeoutMs?: number }} [options]
   * @returns {Promise<any>}
   */
  async call(path, options = {}) {
    let response = await this.#ask(path, options);
    if (response.status === 401 && (await this.session.renew(true))) response = await this.#ask(path, options);
    if (!response.ok) throw await explained(response);
    return response.status === 204 ? null : response.json().catch(() => null);
  }

  /**
   * @param {string} path
   * @param {RequestInit & { timeoutMs?: number }} options
   */
  async #ask(path, { timeoutMs = this.timeoutMs, headers, ...options }) {
    const sent = new Headers({ ...Object.fromEntries(new Headers(headers)), ...this.session.headers });
    try {
      return await fetch(this.baseUrl + path, { signal: AbortSignal.timeout(timeoutMs), ...options, headers: sent });
    } catch {
      throw new ApiError("The server is away.", 0);
    }
  }

  /**
   * @param {string} path
   * @param {unknown} body
   * @param {RequestInit} [options]
   */
  post(path, body, options = {}) {
    const headers = { "Content-Type": "application/json", ...options.headers };
    return this.call(path, { method: "POST", body: JSON.stringify(body), ...options, headers });
  }

  /**
   * The next videos of this viewer.
   * @param {number} [limit]
   * @param {string | null} [cursor] of the page before
   * @returns {Promise<FeedPage>}
   */
  feed(limit = 5, cursor) {
    const { viewer_id: viewer } = this.session.claim;
    const wanted = { ...(viewer ? { viewer } : {}), limit: String(limit), ...(cursor ? { cursor } : {}) };
    return this.call(`/v1/feed?${new URLSearchParams(wanted)}`);
  }

  /**
   * Where a video is: status, stages, cost; `card` once it can be watched.
   * @param {string} id
   * @returns {Promise<Video>}
   */
  video(id) {
    return this.call(`/v1/videos/${encodeURIComponent(id)}`);
  }

  /** @returns {Promise<{ flavors: Flavor[] }>} the presets that a prompt may name */
  flavors() {
    return this.call("/v1/flavors");
  }

  /**
   * Ask for a video, for this viewer. The same key never asks for a second one.
   * @param {Prompt} prompt
   * @param {string} [key]
   * @returns {Promise<Accepted>}
   */
  prompt(prompt, key = randomName()) {
    return this.post("/v1/prompts", { ...prompt, ...this.session.claim }, { headers: { "Idempotency-Key": key } });
  }

  /**
   * Tell what the viewer did, up to 100 at a time, in order.
   * @param {Swipe[]} swipes
   * @param {boolean} [leaving] the page is being closed: the browser sends it all the same
   */
  swipes(swipes, leaving = false) {
    return this.post("/v1/swipes", { ...this.session.claim, swipes }, { keepalive: leaving });
  }

  /**
   * Say why a video should not be shown. This viewer does not see it again.
   * @param {string} id
   * @param {import("./contracts").ReportReason} reason
   * @param {string} [detail]
   */
  report(id, reason, detail = "") {
    return this.post(`/v1/videos/${encodeURIComponent(id)}/report`, { reason, detail, ...this.session.claim });
  }

  /** Where the gateway is, by the name under which this client reaches the API. */
  async gateway() {
    const url = new URL((await this.call("/config.json")).gateway);
    const api = new URL(this.baseUrl || location.href);
    if (LOCAL.includes(url.hostname)) url.hostname = api.hostname;
    url.protocol = api.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
  }

  /**
   * What happens, as it happens. Call `open()` on it, or iterate over it.
   * @param {StreamOptions} [options]
   */
  stream(options) {
    return new Stream(() => this.gateway(), this.session, options);
  }
}
