/** The feed: joins playlist, slides, videos, prefetch and swipes. */

import { api } from "../api.js";
import { Backoff } from "../ui/backoff.js";
import { calm } from "../ui/dom.js";
import { recall, remember } from "../ui/store.js";
import { Playlist } from "./playlist.js";
import { Pool } from "./pool.js";
import { Prefetch } from "./prefetch.js";
import { Slides } from "./slides.js";
import { Watch, verdict } from "./watch.js";

/** @typedef {import("../types.js").Card} Card */

/** Videos that should be fetched ahead of the current one. */
export const AHEAD = 5;
const PAGE = 10;

/** Events: "current" (detail: Card or null), "news", "list", "time", "sound", "trouble" (detail: text or null). */
export class Feed extends EventTarget {
  /**
   * @param {string} viewer
   * @param {import("./swipes.js").Swipes} swipes
   */
  constructor(viewer, swipes) {
    super();
    this.viewer = viewer;
    this.swipes = swipes;
    this.list = new Playlist();
    this.slides = new Slides((index) => this.#moved(index), (action) => this.act(action));
    this.pool = new Pool((element, id) => this.#painted(element, id));
    this.prefetch = new Prefetch();
    this.prefetch.addEventListener("ready", () => this.#seat());
    this.watch = new Watch();
    this.backoff = new Backoff();
    this.sound = recall("sound", false);
    this.held = calm(); // reduced motion: nothing plays before it is asked for
    /** @type {Set<string>} */
    this.liked = new Set(recall("liked", []));
    /** @type {string | null} */
    this.cursor = null;
    /** @type {Promise<void> | null} */
    this.loading = null;
    /** @type {string | null} */
    this.playing = null;
    this.timer = this.swipedAt = 0;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#play()));
    addEventListener("pagehide", () => this.#leave());
    document.documentElement.classList.toggle("sound", this.sound);
  }

  /** Fetch more of the feed. Tries again by itself when the server is away. */
  more() {
    this.loading ??= this.#more().finally(() => (this.loading = null));
    return this.loading;
  }

  async #more() {
    clearTimeout(this.timer);
    const page = await api.feed(this.viewer, PAGE, this.cursor).catch((error) => this.#noFeed(error));
    this.slides.column.setAttribute("aria-busy", "false");
    if (!page) return;
    // Where one walk through the feed ends another begins: it finds what was made since.
    this.cursor = page.items.length ? page.cursor || null : null;
    this.backoff.reset();
    this.#tell("trouble", null);
    this.add(page.items);
    // What is being made right now will be pushed; ask again all the same.
    if (this.list.ahead < AHEAD) this.timer = setTimeout(() => this.more(), page.items.length ? 1000 : 5000);
  }

  /** @param {Error} error */
  #noFeed(error) {
    this.#tell("trouble", error.message);
    this.timer = setTimeout(() => this.more(), this.backoff.next());
    return null;
  }

  /** Begin a new walk through the feed: something may have been missed. */
  refresh() {
    this.cursor = null;
    return this.more();
  }

  /**
   * Put videos behind all others.
   * @param {Card[]} cards
   */
  add(cards) {
    const at = this.list.items.length;
    const added = this.list.append(cards);
    if (added.length) this.#inserted(added, at);
  }

  /**
   * A video was published.
   * @param {Card} card
   * @param {import("../types.js").Audience} audience
   */
  offer(card, audience) {
    const at = this.list.items.length;
    if (this.list.offer(card, audience, AHEAD)) this.#inserted([card], at);
    this.#tell("news");
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

  /** @param {string} id */
  withdraw(id) {
    if (!this.list.withdraw(id)) return;
    this.slides.remove(id);
    this.#aim();
  }

  /** @param {Card[]} cards */
  #insertNext(cards) {
    const at = this.list.items.length ? this.list.index + 1 : 0;
    const added = this.list.insertNext(cards);
    if (added.length) this.#inserted(added, at);
  }

  /**
   * @param {Card[]} cards
   * @param {number} at
   */
  #inserted(cards, at) {
    const index = this.list.index;
    const idle = !this.playing;
    this.slides.insert(cards, at);
    if (!idle) return this.#aim();
    // The viewer was looking at the end, and the browser holds on to it: bring what is new to where they look.
    this.slides.go(index, false);
    this.#moved(index);
  }

  /**
   * @param {number} steps
   */
  step(steps) {
    this.slides.go(Math.max(0, Math.min(this.list.index + steps, this.list.items.length)));
  }

  /** @param {string} action */
  act(action) {
    const card = this.list.current;
    if (!card) return;
    if (action === "pause") this.#toggle(card);
    else if (action === "sound") this.setSound(!this.sound);
    else if (action === "like") this.#like(card);
    else if (action === "retry") this.#retry(card);
    else if (action === "not_interested") this.#dismiss(card);
    else if (action === "share") this.#tell("share", card);
  }

  /** @param {Card} card */
  shared(card) {
    this.#swipe(card, "shared");
  }

  /** @param {boolean} on */
  setSound(on) {
    this.sound = on;
    remember("sound", on);
    document.documentElement.classList.toggle("sound", on);
    const element = this.element;
    if (element) element.muted = !on;
    this.#tell("sound");
  }

  /** The element that plays. */
  get element() {
    return this.playing ? this.pool.of(this.playing) : null;
  }

  /** @param {number} index */
  #moved(index) {
    this.swipedAt = performance.now();
    this.#leave();
    this.list.go(index);
    if (this.list.ahead < AHEAD && this.list.waiting.length) this.#release();
    const card = this.list.current;
    this.playing = card?.video_id || null;
    this.#aim();
    this.#play();
    this.#tell("current", card);
    this.#tell("news");
    if (this.list.ahead < AHEAD) this.more();
  }

  /** Few are left: what was pushed meanwhile follows behind them. */
  #release() {
    const at = this.list.items.length;
    this.slides.insert(this.list.release(), at);
    if (this.list.index >= at) this.slides.go(this.list.index, false);
  }

  /** Fill what is near, seat what is next, fetch what comes after. */
  #aim() {
    this.slides.fill(this.list.window(3, AHEAD + 1), (card) => this.liked.has(card.video_id));
    this.#seat();
    this.#fetch();
    this.#tell("list");
  }

  #seat() {
    const wanted = [];
    const [before, ...around] = [this.list.items[this.list.index - 1], ...this.list.window(0, 2)];
    for (const card of [...around, before]) {
      const place = card && this.slides.place(card.video_id);
      const url = card && this.#address(card);
      if (card && place && url) wanted.push({ card, place, url });
    }
    this.pool.seat(wanted);
    for (const { card } of wanted) this.#listen(card.video_id);
  }

  /**
   * Where a video is read from: memory; the network only for the current one, and where nothing is prefetched.
   * @param {Card} card
   */
  #address(card) {
    const memory = this.prefetch.url(card.video_id);
    const network = card === this.list.current || this.pool.of(card.video_id) || this.prefetch.sparing;
    return memory || (network ? card.media.video : null);
  }

  /** The next videos are fetched once the current one shows a picture: before that they would only slow it. */
  #fetch() {
    const card = this.list.current;
    if (card && !this.slides.slides.get(card.video_id)?.classList.contains("painted")) return;
    this.prefetch.aim(this.list.window(0, AHEAD).slice(card ? 1 : 0), this.pool.ids);
  }

  /** @param {string} id */
  #listen(id) {
    const element = this.pool.of(id);
    if (!element) return;
    const mine = (/** @type {() => void} */ act) => () => id === this.playing && act();
    const mark = (/** @type {string} */ state, /** @type {boolean} */ on) => this.slides.mark(id, state, on);
    element.onplaying = mine(() => (this.watch.run(), mark("paused", false), mark("loading", false), mark("broken", false)));
    element.onpause = mine(() => (this.watch.rest(), mark("paused", true)));
    element.onwaiting = mine(() => (this.watch.rest(), mark("loading", true)));
    element.onerror = () => element.getAttribute("src") && mark("broken", true);
    element.ontimeupdate = mine(() => this.#tell("time"));
  }

  /**
   * @param {HTMLVideoElement} element
   * @param {string} id
   */
  #painted(element, id) {
    this.slides.mark(id, "painted", true);
    if (id === this.playing) this.#fetch();
  }

  #play() {
    for (const seat of this.pool.seats) if (seat.id && seat.id !== this.playing) seat.element.pause();
    const element = this.element;
    if (!element || document.hidden) return;
    if (this.held) return this.slides.mark(/** @type {string} */ (this.playing), "paused", true);
    this.#time(element);
    element.muted = !this.sound;
    element.play().catch((error) => this.#refused(element, error));
  }

  /**
   * Measure from the swipe to the first frame that is presented after it.
   * @param {HTMLVideoElement} element
   */
  #time(element) {
    const start = performance.now();
    const [swipe, id] = [this.swipedAt, this.playing];
    this.swipedAt = 0;
    if (!swipe || !element.requestVideoFrameCallback) return;
    element.requestVideoFrameCallback(() => {
      if (id === this.playing) performance.measure("first-frame", { start: Math.min(swipe, start) });
    });
  }

  /**
   * Browsers play sound only after a touch: play without, rather than not at all.
   * @param {HTMLVideoElement} element
   * @param {unknown} error
   */
  #refused(element, error) {
    if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
    if (!element.muted) {
      element.muted = true;
      document.documentElement.classList.remove("sound");
      this.sound = false; // not remembered: the viewer did not ask for it
      element.play().catch(() => this.playing && this.slides.mark(this.playing, "paused", true));
    } else if (this.playing) this.slides.mark(this.playing, "paused", true);
  }

  #rest() {
    this.element?.pause();
  }

  /** @param {Card} card */
  #toggle(card) {
    const element = this.pool.of(card.video_id);
    if (!element) return;
    this.held = !element.paused;
    if (element.paused) this.#play();
    else element.pause();
    this.held = this.held && calm();
  }

  /** @param {Card} card */
  #retry(card) {
    this.slides.mark(card.video_id, "broken", false);
    this.pool.of(card.video_id)?.load();
    this.#play();
  }

  /** @param {Card} card */
  #like(card) {
    const on = !this.liked.delete(card.video_id);
    if (on) this.liked.add(card.video_id);
    remember("liked", [...this.liked].slice(-500));
    this.slides.mark(card.video_id, "liked", on);
    this.#swipe(card, on ? "liked" : "unliked");
  }

  /** @param {Card} card */
  #dismiss(card) {
    this.#swipe(card, "not_interested");
    this.step(1);
  }

  /** The current video is left: say how long it was watched. */
  #leave() {
    const card = this.playing ? this.list.items[this.list.find(this.playing)] : null;
    const watched = this.watch.end();
    if (card && watched > 0) this.#swipe(card, verdict(watched, card.duration_ms), watched);
  }

  /**
   * @param {Card} card
   * @param {string} action
   * @param {number} [watched]
   */
  #swipe(card, action, watched = 0) {
    const { video_id, duration_ms } = card;
    const position = Math.max(0, this.list.find(video_id));
    this.swipes.add({ video_id, action, watched_ms: watched, duration_ms, position });
  }

  /**
   * @param {string} name
   * @param {unknown} [detail]
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
