/**
 * The scrolling column: one full-height slide for each video, filled only near the current one.
 *
 * What lies far behind is an empty space as high as its slides were, so nothing that is seen moves when they go or come back.
 */

import { byId, calm, h } from "../ui/dom.js";
import { contents } from "./slide.js";

/** @typedef {import("../client/types").VideoCard} Card */

/** Whether the browser says that a scrolling is over. */
const ENDS = "onscrollend" in window;
const REST_MS = 100;
/** A busy browser may tell of a last step after it said that the scrolling is over. */
const LOST_MS = 1000;

export class Slides {
  /**
   * @param {(index: number) => void} onIndex another slide is where the viewer is, or will be when the scrolling ends
   * @param {(action: string) => void} onAction a button of the current slide
   * @param {() => void} onRest a scrolling is over
   */
  constructor(onIndex, onAction, onRest) {
    this.column = byId("feed");
    /** @type {Map<string, HTMLElement>} */
    this.slides = new Map();
    this.end = h("div", { class: "slide end", role: "article", "aria-label": "The end" });
    this.past = h("div", { class: "past", "aria-hidden": "true" });
    /** How many slides the space stands for. */
    this.passed = 0;
    this.column.append(this.past, this.end);
    this.index = 0;
    /** Whether the scrolling that goes on ends at `index`, and who says so: this page, or the browser. */
    this.heading = /** @type {"" | "asked" | "told"} */ ("");
    this.resting = 0;
    this.onIndex = onIndex;
    this.onAction = onAction;
    this.onRest = onRest;
    this.#listen();
  }

  #listen() {
    let asked = false;
    this.column.addEventListener("scroll", () => {
      this.#restIn(ENDS ? LOST_MS : REST_MS);
      if (!asked) requestAnimationFrame(() => ((asked = false), this.#look()));
      asked = true;
    });
    // One scrolling may end because another takes its place.
    this.column.addEventListener("scrollend", () => this.#restIn(REST_MS));
    // Browsers that say where a swipe will end do so when the finger leaves; elsewhere half of the way decides.
    for (const kind of ["touchstart", "wheel"]) this.column.addEventListener(kind, () => (this.heading &&= "told"), { passive: true });
    this.column.addEventListener("scrollsnapchanging", (event) => this.#head(/** @type {any} */ (event).snapTargetBlock));
    // After a resize the same slide must fill the stage, whatever the browser made of the offset.
    new ResizeObserver(() => this.go(this.index, false)).observe(this.column);
    this.column.addEventListener("click", (event) => {
      const target = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-do]"));
      if (target) this.onAction(target.dataset.do || "");
    });
  }

  #look() {
    if (!this.heading) this.#reach(Math.max(0, Math.round(this.column.scrollTop / Math.max(1, this.column.clientHeight)) - this.passed));
  }

  /** @param {number} ms there is always an end: what is told last may be told before it, or behind it */
  #restIn(ms) {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.#rest(), ms);
  }

  #rest() {
    this.heading = "";
    this.#look();
    this.onRest();
  }

  /** @param {Element | null} slide the one at which the scrolling will end */
  #head(slide) {
    const index = slide ? [...this.column.children].indexOf(slide) - 1 : -1;
    // What is told late, of a scrolling that another has replaced, must not lead back.
    if (index < 0 || this.heading === "asked") return;
    this.#restIn(LOST_MS);
    this.heading = "told";
    this.#reach(index);
  }

  /** @param {number} index */
  #reach(index) {
    if (index !== this.index) this.onIndex((this.index = index));
  }

  /**
   * @param {Card[]} cards
   * @param {number} at
   */
  insert(cards, at) {
    const before = this.column.children[at + 1] || this.end;
    for (const card of cards) {
      const slide = h("article", { class: "slide", "data-id": card.video_id, "aria-label": card.title, tabIndex: -1 });
      this.slides.set(card.video_id, slide);
      before.before(slide);
    }
    this.column.setAttribute("aria-busy", String(!this.slides.size)); // a feed without articles is one that is being filled
    this.#number();
  }

  /**
   * These become space.
   * @param {Card[]} cards the first of the list
   */
  shrink(cards) {
    if (!cards.length) return;
    for (const card of cards) this.slides.get(card.video_id)?.remove(), this.slides.delete(card.video_id);
    this.index -= cards.length;
    this.#pass(cards.length);
    this.#number();
  }

  /**
   * And come back; where some do not, what follows them moves up.
   * @param {Card[]} cards
   * @param {number} count how many the space stood for
   */
  grow(cards, count) {
    this.#pass(-count);
    this.insert(cards, 0);
    this.index += cards.length;
    if (cards.length < count) this.go(this.index, false);
  }

  /** @param {number} more */
  #pass(more) {
    this.passed += more;
    this.past.style.height = `${this.passed * 100}%`;
  }

  /** @param {string} id */
  remove(id) {
    this.slides.get(id)?.remove();
    this.slides.delete(id);
    this.#number();
  }

  /**
   * Empty a slide whose video is another one now.
   * @param {Card} card
   */
  renew(card) {
    const slide = this.slides.get(card.video_id);
    slide?.replaceChildren();
    slide?.setAttribute("aria-label", card.title);
    slide?.classList.remove("painted", "loading", "broken");
  }

  #number() {
    let place = this.passed;
    for (const slide of this.slides.values()) slide.setAttribute("aria-setsize", String(this.passed + this.slides.size));
    for (const slide of this.column.querySelectorAll("article")) slide.setAttribute("aria-posinset", String(++place));
  }

  /**
   * Fill these slides and empty all others.
   * @param {Card[]} cards
   * @param {(card: Card) => boolean} liked
   */
  fill(cards, liked) {
    const wanted = new Set(cards.map((card) => card.video_id));
    for (const [id, slide] of this.slides) if (!wanted.has(id) && slide.childElementCount) slide.replaceChildren();
    for (const card of cards) {
      const slide = this.slides.get(card.video_id);
      if (slide && !slide.childElementCount) slide.append(...contents(card, liked(card)));
    }
  }

  /**
   * Where a video's element goes.
   * @param {string} id
   */
  place(id) {
    return this.slides.get(id)?.querySelector(".media") || null;
  }

  /**
   * @param {number} index
   * @param {boolean} [smooth]
   */
  go(index, smooth = true) {
    const top = (this.passed + index) * this.column.clientHeight;
    const way = Math.abs(top - this.column.scrollTop);
    if (!smooth) this.index = index;
    this.#restIn(LOST_MS);
    this.heading = smooth && ENDS && way >= 1 ? "asked" : "";
    this.column.scrollTo({ top, behavior: smooth && way <= this.column.clientHeight * 1.5 && !calm() ? "smooth" : "instant" });
    // What is asked for need not wait for the scrolling.
    if (this.heading) this.#reach(index);
  }

  /**
   * Mark a slide: painted, paused, loading, broken, liked.
   * @param {string} id
   * @param {string} state
   * @param {boolean} on
   */
  mark(id, state, on) {
    this.slides.get(id)?.classList.toggle(state, on);
    if (state === "liked") this.#press(id, "like", on);
  }

  /**
   * @param {string} id
   * @param {string} state
   */
  is(id, state) {
    return this.slides.get(id)?.classList.contains(state) || false;
  }

  /**
   * @param {string} id
   * @param {string} action
   * @param {boolean} on
   */
  #press(id, action, on) {
    this.slides.get(id)?.querySelector(`[data-do=${action}]`)?.setAttribute("aria-pressed", String(on));
  }

  /**
   * What stands behind the last video.
   * @param {...(Node | string)} children
   */
  ending(...children) {
    this.end.replaceChildren(...children);
  }
}
