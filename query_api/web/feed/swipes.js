/** Swipes on their way to the server: kept in this browser until it has taken them, sent in batches. */

import { api } from "../api.js";
import { Backoff } from "../client/backoff.js";
import { ApiError } from "../client/errors.js";
import { recall, remember, uuid } from "../ui/store.js";

/** @typedef {import("../client/types").Swipe} Swipe */

const BATCH = 20;
const MOST = 500;
const WAIT_MS = 1500;

export class Swipes {
  constructor() {
    this.backoff = new Backoff(1000, 30000);
    this.timer = 0;
    this.sending = false;
    addEventListener("pagehide", () => this.leave());
    addEventListener("online", () => this.soon(0));
    if (this.waiting.length) this.soon(WAIT_MS);
  }

  /** @returns {Swipe[]} */
  get waiting() {
    const kept = recall("swipes", /** @type {Swipe[]} */ ([]));
    return Array.isArray(kept) ? kept : [];
  }

  /**
   * @param {{ video_id: string, action: string, watched_ms?: number, duration_ms?: number, position: number }} swipe
   */
  add(swipe) {
    const whole = { swipe_id: uuid(), at: new Date().toISOString(), watched_ms: 0, duration_ms: 0, ...swipe };
    // The oldest are given up where the server stays away for hundreds of swipes.
    remember("swipes", [...this.waiting, whole].slice(-MOST));
    this.soon(this.waiting.length >= BATCH ? 0 : WAIT_MS);
  }

  /** @param {number} ms */
  soon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), ms);
  }

  async send() {
    const batch = this.waiting.slice(0, BATCH);
    if (!batch.length || this.sending) return;
    this.sending = true;
    try {
      await api.swipes(batch);
      this.#done(batch);
      this.backoff.reset();
      if (this.waiting.length) this.soon(WAIT_MS);
    } catch (error) {
      this.#failed(batch, error);
    } finally {
      this.sending = false;
    }
  }

  /**
   * @param {Swipe[]} batch
   * @param {unknown} error
   */
  #failed(batch, error) {
    const passing = !(error instanceof ApiError) || error.passing;
    if (!passing && batch.length > 1) return this.#oneByOne(batch);
    if (!passing) this.#done(batch); // one that the server will never take must not hold up the others
    this.soon(passing ? this.backoff.next() : WAIT_MS);
  }

  /** @param {Swipe[]} batch */
  async #oneByOne(batch) {
    for (const swipe of batch) {
      try {
        await api.swipes([swipe]);
      } catch (error) {
        if (!(error instanceof ApiError) || error.passing) return this.soon(this.backoff.next());
      }
      this.#done([swipe]);
    }
    if (this.waiting.length) this.soon(WAIT_MS);
  }

  /** The page is being closed. Should the answer be missed, the batch comes again: the server knows its ids. */
  leave() {
    const batch = this.waiting.slice(0, BATCH);
    if (batch.length) api.swipes(batch, true).then(() => this.#done(batch), () => {});
  }

  /** @param {Swipe[]} batch */
  #done(batch) {
    const ids = new Set(batch.map((swipe) => swipe.swipe_id));
    remember("swipes", this.waiting.filter((swipe) => !ids.has(swipe.swipe_id)));
  }
}
