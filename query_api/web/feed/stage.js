/** What plays: gives the videos around the current one their elements, fetches the next ones, plays and measures. */

import { calm } from "../ui/dom.js";
import { recall, remember } from "../ui/store.js";
import { Pool } from "./pool.js";
import { Prefetch } from "./prefetch.js";
import * as shelf from "./shelf.js";
import { Watch } from "./watch.js";

/** @typedef {import("../client/types").VideoCard} Card */

/** Videos that are fetched ahead of the current one. */
export const AHEAD = 5;

/** Events: "time" (the current video went on), "frame" (the first after a swipe), "picture" (there is one, or it will not load). */
export class Stage extends EventTarget {
  /**
   * @param {import("./playlist.js").Playlist} list
   * @param {import("./slides.js").Slides} slides
   */
  constructor(list, slides) {
    super();
    this.list = list;
    this.slides = slides;
    this.pool = new Pool((id) => this.#painted(id));
    this.prefetch = new Prefetch();
    this.prefetch.addEventListener("ready", () => this.#seat());
    this.watch = new Watch();
    this.sound = recall("sound", false);
    this.captions = recall("captions", false);
    this.held = calm(); // reduced motion: nothing plays before it is asked for
    /** @type {string | null} the current video */
    this.id = null;
    this.enteredAt = 0;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.element?.pause() : this.play()));
    document.documentElement.classList.toggle("sound", this.sound);
    this.setCaptions(this.captions);
  }

  /** The element that plays. */
  get element() {
    return this.id ? this.pool.of(this.id) : null;
  }

  /**
   * Another video is the current one.
   * @param {Card | null} card
   */
  enter(card) {
    this.enteredAt = performance.now();
    this.id = card?.video_id || null;
    if (!this.element) this.aim();
    this.play();
  }

  /**
   * Whether a video sits in an element, so that it can play at once.
   * @param {Card | null} card
   */
  seats(card) {
    return Boolean(card && this.pool.of(card.video_id));
  }

  /** Milliseconds that the current video has been played since this was asked last. */
  leave() {
    return this.watch.end();
  }

  /** Seat what is near, fetch what comes after. */
  aim() {
    this.#seat();
    this.#fetch();
  }

  /**
   * Let go of what was fetched of a video.
   * @param {string} id
   */
  forget(id) {
    this.pool.drop(id);
    this.prefetch.release(id);
  }

  /** Play the current video and no other. */
  play() {
    for (const seat of this.pool.seats) if (seat.id && seat.id !== this.id) seat.element.pause();
    const element = this.element;
    if (!element || document.hidden) return;
    if (this.held) return this.#mark("paused", true);
    this.#time(element);
    element.muted = !this.sound;
    element.play().catch((error) => this.#refused(element, error));
  }

  /** Pause, or go on. */
  toggle() {
    const element = this.element;
    if (!element) return;
    this.held = false;
    if (element.paused) this.play();
    else element.pause();
  }

  /** Load the current video again. */
  retry() {
    this.#mark("broken", false);
    this.element?.load();
    this.play();
  }

  /** @param {boolean} on */
  setSound(on) {
    this.sound = on;
    remember("sound", on);
    document.documentElement.classList.toggle("sound", on);
    if (this.element) this.element.muted = !on;
  }

  /**
   * The words as text of the player's own, beside those that are drawn.
   * @param {boolean} on
   */
  setCaptions(on) {
    this.captions = on;
    remember("captions", on);
    document.documentElement.classList.toggle("captions", on);
    for (const { element } of this.pool.seats) for (const track of element.textTracks) track.mode = on ? "showing" : "hidden";
  }

  #seat() {
    const { items, index } = this.list;
    const near = [...this.list.window(0, 2), items[index - 1]].filter(Boolean);
    const wanted = near.flatMap((card) => {
      const [place, url] = [this.slides.place(card.video_id), this.#address(card)];
      return place && url ? [{ card, place, url }] : [];
    });
    this.pool.seat(wanted, this.captions);
    for (const { card } of wanted) this.#listen(card.video_id);
  }

  /**
   * Where a video is read from: memory; the network only for the current one, and where nothing is prefetched.
   * @param {Card} card
   */
  #address(card) {
    const network = card.video_id === this.id || this.pool.of(card.video_id) || this.prefetch.sparing;
    return this.prefetch.url(card.video_id) || (network ? card.media.video : null);
  }

  /** The next videos are fetched once the current one shows a picture: before that they would only slow it. */
  #fetch() {
    if (this.id && !this.slides.is(this.id, "painted")) return;
    shelf.keep(this.list.window(0, AHEAD + 1)).catch(() => {});
    this.prefetch.aim(this.list.window(0, AHEAD).slice(this.id ? 1 : 0), this.pool.ids);
  }

  /** @param {string} id */
  #listen(id) {
    const element = this.pool.of(id);
    if (!element) return;
    const mine = (/** @type {() => void} */ act) => () => void (id === this.id && act());
    element.onplaying = mine(() => (this.watch.run(), ["paused", "loading", "broken"].forEach((state) => this.#mark(state, false))));
    element.onpause = mine(() => (this.watch.rest(), this.#mark("paused", true)));
    element.onwaiting = mine(() => (this.watch.rest(), this.#mark("loading", true)));
    element.ontimeupdate = mine(() => void this.dispatchEvent(new Event("time")));
    element.onerror = () => void (element.getAttribute("src") && this.#broken(id));
  }

  /** @param {string} id */
  #painted(id) {
    this.slides.mark(id, "painted", true);
    if (id === this.id) this.#fetch();
    this.dispatchEvent(new Event("picture"));
  }

  /** @param {string} id */
  #broken(id) {
    this.slides.mark(id, "broken", true);
    this.dispatchEvent(new Event("picture"));
  }

  /**
   * Measure from the swipe to the first frame that is shown after it.
   * @param {HTMLVideoElement} element
   */
  #time(element) {
    const [start, id] = [this.enteredAt, this.id];
    this.enteredAt = 0;
    if (!start || !element.requestVideoFrameCallback) return;
    element.requestVideoFrameCallback(() => {
      if (id !== this.id) return;
      performance.clearMeasures("first-frame"); // they would be kept for as long as the page
      performance.measure("first-frame", { start });
      this.dispatchEvent(new Event("frame"));
    });
  }

  /**
   * Browsers play sound only after a touch: play without, rather than not at all.
   * @param {HTMLVideoElement} element
   * @param {unknown} error
   */
  #refused(element, error) {
    if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
    if (element.muted) return this.#mark("paused", true);
    element.muted = true;
    this.sound = false; // not remembered: the viewer did not ask for it
    document.documentElement.classList.remove("sound");
    element.play().catch(() => this.#mark("paused", true));
  }

  /**
   * @param {string} state
   * @param {boolean} on
   */
  #mark(state, on) {
    if (this.id) this.slides.mark(this.id, state, on);
  }
}
