/**
 * What is played and in which order. Pure: no elements, no network.
 *
 * One rule above all: nothing new is ever put before or onto the current video. Of what lies far behind only the ids are
 * kept, so that a long evening needs no more memory than a short one.
 */

/** @typedef {import("../client/types").VideoCard} Card */
/** @typedef {import("../client/types").Audience} Audience */

/** Videos are let go, and come back, so many at a time. */
const BUNCH = 10;
/** Pushed videos that may wait; the feed has the others, too. */
const MOST_WAITING = 50;

export class Playlist {
  /** @param {number} [behind] how many videos behind the current one are held at least */
  constructor(behind = 50) {
    this.behind = behind;
    /** @type {Card[]} */
    this.items = [];
    this.index = 0;
    /** @type {string[]} ids of the videos that were let go, in their order: they stood before the first item */
    this.passed = [];
    /** @type {Set<string>} ids that are, or were, in the list or waiting */
    this.known = new Set();
    /** @type {Card[]} pushed, and not in the list yet */
    this.waiting = [];
    /** @type {Set<string>} pushed, and not looked at yet */
    this.news = new Set();
  }

  get current() {
    return this.items[this.index] || null;
  }

  /** How many videos lie ahead of the current one. */
  get ahead() {
    return Math.max(0, this.items.length - 1 - this.index);
  }

  /**
   * Add videos behind all others. Those that are known are left out.
   * @param {Card[]} cards
   * @returns {Card[]} what was added
   */
  append(cards) {
    const added = cards.filter((card) => !this.known.has(card.video_id) && this.known.add(card.video_id));
    this.items.push(...added);
    return added;
  }

  /**
   * Take in a video that was just published: behind all others where few are left, else to wait until it is asked for.
   * What was made ahead for another viewer fills gaps and is no news.
   * @param {Card} card
   * @param {Audience} audience
   * @param {number} wanted how many videos should lie ahead
   * @returns {boolean} whether it was put into the list
   */
  offer(card, audience, wanted) {
    const short = this.ahead < wanted;
    if (this.known.has(card.video_id) || (audience === "another" && !short)) return false;
    if (audience !== "another" && this.items.length) this.news.add(card.video_id);
    if (short) return this.append([card]).length > 0;
    this.known.add(card.video_id);
    this.waiting.push(card);
    if (this.waiting.length > MOST_WAITING) this.#forget(this.waiting[0]);
    return false;
  }

  /** @param {Card} card one that waits */
  #forget(card) {
    this.waiting = this.waiting.filter((other) => other !== card);
    this.news.delete(card.video_id);
    this.known.delete(card.video_id);
  }

  /**
   * Take a newer revision of a video that is known. What is played, or was, stays as it is.
   * @param {Card} card
   * @returns {number} its place, where that is ahead; else -1
   */
  renew(card) {
    const newer = (/** @type {Card} */ old) => old.video_id === card.video_id && old.revision < card.revision;
    this.waiting = this.waiting.map((old) => (newer(old) ? card : old));
    const place = this.items.findIndex(newer);
    if (place <= this.index) return -1;
    this.items[place] = card;
    return place;
  }

  /**
   * Put videos right behind the current one; those that are in the list stay where they are.
   * @param {Card[]} cards
   * @returns {Card[]} what was put in
   */
  insertNext(cards) {
    const added = cards.filter((card) => this.find(card.video_id) < 0);
    const ids = new Set(added.map((card) => card.video_id));
    this.waiting = this.waiting.filter((card) => !ids.has(card.video_id));
    for (const id of ids) this.known.add(id);
    this.items.splice(this.items.length ? this.index + 1 : 0, 0, ...added);
    return added;
  }

  /**
   * Put what waits behind all others: the viewer has come near the end.
   * @returns {Card[]} what was put in
   */
  release() {
    const released = this.waiting;
    this.waiting = [];
    this.items.push(...released);
    return released;
  }

  /**
   * Let go of what lies far behind.
   * @returns {Card[]} what was let go: the first of the list
   */
  trim() {
    if (this.index < this.behind + BUNCH) return [];
    const gone = this.items.splice(0, this.index - this.behind);
    this.passed.push(...gone.map((card) => card.video_id));
    this.index -= gone.length;
    return gone;
  }

  /** Ids of what was let go last, where the viewer comes near to it: never what was let go just now. */
  get missed() {
    return this.index < Math.min(BUNCH, this.behind) ? this.passed.slice(-BUNCH) : [];
  }

  /**
   * Put back what was let go last.
   * @param {number} count how many that were
   * @param {Card[]} cards those that are still there, in order
   * @returns {Card[]} what was put back: the first of the list
   */
  restore(count, cards) {
    this.passed.length -= count;
    const back = cards.filter((card) => this.find(card.video_id) < 0);
    this.items.unshift(...back);
    this.index += back.length;
    return back;
  }

  /** @param {string} id */
  find(id) {
    return this.items.findIndex((card) => card.video_id === id);
  }

  /**
   * Move to a video.
   * @param {number} index may be one behind the last: the end
   */
  go(index) {
    this.index = Math.max(0, Math.min(index, this.items.length));
    if (this.current) this.news.delete(this.current.video_id);
  }

  /**
   * Take a video out, unless it is the current one or has been passed.
   * @param {string} id
   * @returns {boolean} whether it was taken out
   */
  withdraw(id) {
    this.waiting = this.waiting.filter((card) => card.video_id !== id);
    this.news.delete(id);
    this.known.add(id);
    const place = this.find(id);
    if (place <= this.index) return false;
    this.items.splice(place, 1);
    return true;
  }

  /**
   * The videos around the current one.
   * @param {number} behind
   * @param {number} ahead
   */
  window(behind, ahead) {
    return this.items.slice(Math.max(0, this.index - behind), this.index + ahead + 1);
  }
}
