/** The feed: the list, what of it is fetched, where the viewer is, and what they do. */

import { api } from "../api.js";
import { Backoff } from "../client/backoff.js";
import { ApiError } from "../client/errors.js";
import { recall, remember } from "../ui/store.js";
import { Playlist } from "./playlist.js";
import { Slides } from "./slides.js";
import { PAGE, first } from "./start.js";
import { AHEAD, Stage } from "./stage.js";
import { verdict } from "./watch.js";

/** @typedef {import("../client/types").VideoCard} Card */

/** Elements and files of the videos to come wait for a frame of this one, but no longer than this. */
const SOON_MS = 500;
/** The rest of the page waits for the first picture, but no longer than this. */
const BEGIN_MS = 3000;

/**
 * Events: "current" (detail: Card or null), "list", "news", "share" and "report" (detail: Card), "trouble" (detail: text
 * or null).
 */
export class Feed extends EventTarget {
  /**
   * @param {import("./swipes.js").Swipes} swipes
   */
  constructor(swipes) {
    super();
    this.swipes = swipes;
    this.list = new Playlist();
    this.slides = new Slides((index) => this.#moved(index), (action) => this.act(action), () => this.#tidy());
    this.stage = new Stage(this.list, this.slides);
    this.backoff = new Backoff();
    /** @type {Set<string>} */
    this.liked = new Set(recall("liked", []));
    /** @type {string | null} */
    this.cursor = null;
    /** @type {Promise<void> | null} */
    this.loading = null;
    /** @type {Promise<import("../client/types").FeedPage> | null} the first page has been asked for already */
    this.asked = first;
    /** @type {string | null} why more of the feed could not be fetched */
    this.trouble = null;
    this.timer = 0;
    this.soon = 0;
    this.returning = false;
    /** @type {() => void} */
    this.begin = () => {};
    /** @type {Promise<void>} the first picture is there, or nothing says that it will be soon */
    this.begun = new Promise((done) => (this.begin = done));
    this.begun.then(() => this.#open());
    setTimeout(this.begin, BEGIN_MS);
    this.alone = true;
    this.stage.addEventListener("picture", this.begin);
    this.stage.addEventListener("frame", () => this.soon && this.#aim());
    addEventListener("pagehide", () => this.#leave());
  }

  /** Until here the first video had the network to itself. */
  #open() {
    this.alone = false;
    if (this.stage.id) this.#aim();
  }

  /** Fetch more of the feed. Tries again by itself when the server is away. */
  more() {
    this.loading ??= this.#more().finally(() => (this.loading = null));
    return this.loading;
  }

  /** Begin a new walk through the feed: something may have been missed. */
  refresh() {
    this.cursor = null;
    return this.more();
  }

  async #more() {
    clearTimeout(this.timer);
    const asked = this.asked || api.feed(PAGE, this.cursor);
    this.asked = null;
    const page = await asked.catch((error) => this.#noFeed(error));
    if (!page) return;
    // Where one walk through the feed ends another begins: it finds what was made since.
    this.cursor = page.items.length ? page.cursor || null : null;
    this.backoff.reset();
    this.#tell("trouble", (this.trouble = null));
    this.add(page.items);
    if (!this.list.items.length) this.begin();
    // What is being made right now will be pushed; ask again all the same.
    if (this.list.ahead < AHEAD) this.timer = setTimeout(() => this.more(), page.items.length ? 1000 : 5000);
  }

  /** @param {Error} error */
  #noFeed(error) {
    this.#tell("trouble", (this.trouble = error.message));
    this.begin();
    this.timer = setTimeout(() => this.more(), this.backoff.next());
    return null;
  }

  /**
   * Put videos behind all others; of those that lie ahead as drafts, what is there in full takes their place.
   * @param {Card[]} cards
   */
  add(cards) {
    for (const card of cards) this.#renew(card);
    const at = this.list.items.length;
    this.#inserted(this.list.append(cards), at);
  }

  /**
   * A video was published; or a draft that lies ahead is there in full.
   * @param {Card} card
   * @param {import("../client/types").Audience} audience
   */
  offer(card, audience) {
    if (this.#renew(card)) return this.#aim();
    const at = this.list.items.length;
    if (this.list.offer(card, audience, AHEAD)) this.#inserted([card], at);
    this.#tell("news");
  }

  /** @param {Card} card */
  #renew(card) {
    if (this.list.renew(card) < 0) return false;
    this.slides.renew(card);
    this.stage.forget(card.video_id);
    return true;
  }

  /** Go to what is new. */
  showNews() {
    const first = this.list.items.find((card) => this.list.news.has(card.video_id)) || this.list.waiting[0];
    this.#insertNext(this.list.waiting);
    if (first) this.slides.go(this.list.find(first.video_id));
  }

  /**
   * Go to one video, wherever it is.
   * @param {Card} card
   */
  show(card) {
    this.#insertNext([card]);
    this.slides.go(this.list.find(card.video_id));
  }

  /**
   * A video is not to be shown any more; unless it was an older revision that was withdrawn.
   * @param {string} id
   * @param {number} revision
   */
  withdraw(id, revision) {
    const card = this.list.items[this.list.find(id)];
    if ((card && card.revision > revision) || !this.list.withdraw(id)) return;
    this.slides.remove(id);
    this.#aim();
  }

  /** @param {Card[]} cards */
  #insertNext(cards) {
    const at = this.list.items.length ? this.list.index + 1 : 0;
    this.#inserted(this.list.insertNext(cards), at);
  }

  /**
   * @param {Card[]} cards
   * @param {number} at
   */
  #inserted(cards, at) {
    if (!cards.length) return;
    this.slides.insert(cards, at);
    if (this.stage.id) return this.#aim();
    // The viewer was looking at the end, and the browser holds on to it: bring what is new to where they look.
    this.slides.go(this.list.index, false);
    this.#moved(this.list.index);
  }

  /** @param {number} steps */
  step(steps) {
    this.slides.go(Math.max(0, Math.min(this.list.index + steps, this.list.items.length)));
  }

  /** @param {string} action */
  act(action) {
    const card = this.list.current;
    if (!card) return;
    if (action === "pause") this.stage.toggle();
    else if (action === "sound") this.stage.setSound(!this.stage.sound);
    else if (action === "retry") this.stage.retry();
    else if (action === "like") this.#like(card);
    else if (action === "not_interested") this.#dismiss(card);
    else if (action === "share") this.#tell("share", card);
    else if (action === "captions") this.stage.setCaptions(!this.stage.captions);
    else if (action === "report") this.#tell("report", card);
  }

  /** @param {number} index */
  #moved(index) {
    this.#leave();
    this.list.go(index);
    if (this.list.ahead < AHEAD) this.#release();
    // What is seated plays at once; making room for what comes next would only hold it up.
    const seated = this.stage.seats(this.list.current);
    if (!seated) this.#aim();
    this.stage.enter(this.list.current);
    if (seated) this.#aimSoon();
    this.#tell("current", this.list.current);
    this.#tell("news");
    if (this.list.ahead < AHEAD) this.more();
  }

  /** Few are left: what was pushed meanwhile follows behind them. */
  #release() {
    const at = this.list.items.length;
    const cards = this.list.release();
    if (!cards.length) return;
    this.slides.insert(cards, at);
    if (this.list.index >= at) this.slides.go(this.list.index, false);
  }

  /** What lies far behind is let go, and comes back to one who goes back. */
  #tidy() {
    this.slides.shrink(this.list.trim());
    const ids = this.list.missed;
    if (ids.length && !this.returning) this.#back(ids).finally(() => (this.returning = false));
  }

  /** @param {string[]} ids what was let go last */
  async #back(ids) {
    this.returning = true;
    const found = await Promise.all(ids.map(again)).catch(() => null);
    if (!found) return void setTimeout(() => this.#tidy(), this.backoff.next());
    if (ids.at(-1) !== this.list.passed.at(-1)) return; // more was let go meanwhile
    this.slides.grow(this.list.restore(ids.length, found.flatMap((card) => card || [])), ids.length);
    this.#aim();
  }

  #aimSoon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.#aim(), SOON_MS);
  }

  /** Fill what is near. */
  #aim() {
    clearTimeout(this.soon);
    this.soon = 0;
    this.slides.fill(this.alone ? this.list.window(0, 0) : this.list.window(3, AHEAD + 1), (card) => this.liked.has(card.video_id));
    if (this.stage.id) this.stage.aim();
    this.#tell("list");
  }

  /** @param {Card} card */
  #like(card) {
    const on = !this.liked.delete(card.video_id);
    if (on) this.liked.add(card.video_id);
    remember("liked", [...this.liked].slice(-500));
    this.slides.mark(card.video_id, "liked", on);
    this.tell(card, on ? "liked" : "unliked");
  }

  /** @param {Card} card */
  #dismiss(card) {
    this.tell(card, "not_interested");
    this.step(1);
  }

  /** The current video is left: say how long it was watched. */
  #leave() {
    const watched = this.stage.leave();
    const card = this.list.items[this.list.find(this.stage.id || "")];
    if (card && watched > 0) this.tell(card, verdict(watched, card.duration_ms), watched);
  }

  /**
   * Tell the server what the viewer did.
   * @param {Card} card
   * @param {string} action
   * @param {number} [watched_ms]
   */
  tell(card, action, watched_ms = 0) {
    const { video_id, duration_ms } = card;
    this.swipes.add({ video_id, action, watched_ms, duration_ms, position: this.list.passed.length + Math.max(0, this.list.find(video_id)) });
  }

  /**
   * @param {string} name
   * @param {unknown} [detail]
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/**
 * The card of a video that was seen before; null where it is no longer to be seen.
 * @param {string} id
 * @returns {Promise<Card | null>}
 */
const again = (id) =>
  api.video(id).then(({ card }) => card || null, (error) => {
    if (error instanceof ApiError && !error.passing) return null;
    throw error;
  });
