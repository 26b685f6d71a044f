/**
 * Fetches the next videos whole, one after another and at low priority, so that a swipe needs no network.
 *
 * Held in memory as blobs, bounded in bytes; what leaves the window is aborted or let go.
 */

import * as shelf from "./shelf.js";

/** @typedef {import("../client/types").VideoCard} Card */

const MOST_BYTES = 96 * 1024 * 1024;

export class Prefetch extends EventTarget {
  constructor(mostBytes = MOST_BYTES) {
    super();
    this.mostBytes = mostBytes;
    /** @type {Map<string, { url: string, bytes: number }>} */
    this.ready = new Map();
    /** @type {{ id: string, abort: AbortController } | null} */
    this.running = null;
    /** @type {Card[]} */
    this.wanted = [];
    /** @type {Map<string, number>} failed id → when it may be tried again */
    this.resting = new Map();
  }

  /** Whether the reader asked to save data. */
  get sparing() {
    return Boolean(/** @type {any} */ (navigator).connection?.saveData);
  }

  get bytes() {
    return [...this.ready.values()].reduce((sum, item) => sum + item.bytes, 0);
  }

  /**
   * The address in memory, if the video is there.
   * @param {string} id
   */
  url(id) {
    return this.ready.get(id)?.url || null;
  }

  /**
   * Say which videos come next, in order, and which may stay though they are not fetched.
   * @param {Card[]} next
   * @param {Set<string>} keep
   */
  aim(next, keep) {
    this.wanted = this.sparing ? [] : next;
    const window = new Set([...keep, ...this.wanted.map((card) => card.video_id)]);
    for (const id of this.ready.keys()) if (!window.has(id)) this.release(id);
    if (this.running && !this.wanted.some((card) => card.video_id === this.running?.id)) this.running.abort.abort();
    this.#go();
  }

  /** @param {string} id */
  release(id) {
    if (this.running?.id === id) this.running.abort.abort();
    const item = this.ready.get(id);
    if (!item) return;
    URL.revokeObjectURL(item.url);
    this.ready.delete(id);
  }

  async #go() {
    if (this.running) return;
    const card = this.wanted.find((item) => this.#due(item));
    if (!card) return;
    const abort = new AbortController();
    this.running = { id: card.video_id, abort };
    try {
      await this.#fetch(card, abort.signal);
    } catch {
      if (!abort.signal.aborted) this.resting.set(card.video_id, Date.now() + 5000);
    } finally {
      this.running = null;
    }
    this.#go();
  }

  /** @param {Card} card */
  #due(card) {
    const rests = (this.resting.get(card.video_id) || 0) > Date.now();
    return !rests && !this.ready.has(card.video_id) && this.bytes + card.media.size <= this.mostBytes;
  }

  /**
   * @param {Card} card
   * @param {AbortSignal} signal
   */
  async #fetch(card, signal) {
    const response = await fetch(card.media.video, /** @type {RequestInit} */ ({ signal, priority: "low" }));
    if (!response.ok) throw new Error(String(response.status));
    const copy = response.clone();
    const blob = await response.blob();
    if (signal.aborted) return;
    shelf.put(card, copy).catch(() => {}); // no room: it is in memory all the same
    this.ready.set(card.video_id, { url: URL.createObjectURL(blob), bytes: blob.size });
    this.dispatchEvent(new CustomEvent("ready", { detail: card.video_id }));
  }
}
