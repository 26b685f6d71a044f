/** The scrolling column: one full-height slide for each video, filled only near the current one. */

import { byId, calm, h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { sentence, why } from "./labels.js";

/** @typedef {import("../types.js").Card} Card */

export class Slides {
  /**
   * @param {(index: number) => void} onIndex another slide fills more than half of the stage
   * @param {(action: string) => void} onAction a button of the current slide
   */
  constructor(onIndex, onAction) {
    this.column = byId("feed");
    /** @type {Map<string, HTMLElement>} */
    this.slides = new Map();
    this.end = h("div", { class: "slide end" });
    this.column.append(this.end);
    this.index = 0;
    let asked = false;
    const look = () => {
      asked = false;
      const index = Math.round(this.column.scrollTop / Math.max(1, this.column.clientHeight));
      if (index !== this.index) onIndex((this.index = index));
    };
    this.column.addEventListener("scroll", () => {
      if (!asked) requestAnimationFrame(look);
      asked = true;
    });
    // After a resize the same slide must fill the stage, whatever the browser made of the offset.
    new ResizeObserver(() => this.go(this.index, false)).observe(this.column);
    this.column.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target).closest("[data-do]");
      if (target) onAction(/** @type {HTMLElement} */ (target).dataset.do || "");
    });
  }

  /**
   * @param {Card[]} cards
   * @param {number} at
   */
  insert(cards, at) {
    const before = this.column.children[at] || this.end;
    for (const card of cards) {
      const slide = h("article", { class: "slide", "data-id": card.video_id, "aria-label": card.title, tabIndex: -1 });
      this.slides.set(card.video_id, slide);
      before.before(slide);
    }
    this.#number();
  }

  /** @param {string} id */
  remove(id) {
    this.slides.get(id)?.remove();
    this.slides.delete(id);
    this.#number();
  }

  #number() {
    let place = 0;
    for (const slide of this.slides.values()) slide.setAttribute("aria-setsize", String(this.slides.size));
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
      if (slide && !slide.childElementCount) slide.append(...contents(card, liked(card)).filter((part) => part instanceof Element));
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
    const top = index * this.column.clientHeight;
    if (!smooth) this.index = index;
    const near = Math.abs(top - this.column.scrollTop) <= this.column.clientHeight * 1.5;
    this.column.scrollTo({ top, behavior: smooth && near && !calm() ? "smooth" : "instant" });
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

/**
 * @param {Card} card
 * @param {boolean} liked
 */
function contents(card, liked) {
  const [reason, ratio] = [why(card), card.width / card.height];
  const picture = (/** @type {string} */ name) => h("img", { class: name, src: card.media.cover, alt: "", decoding: "async", draggable: false });
  const media = h("div", { class: "media", "data-do": "pause" }, picture("cover"));
  media.style.setProperty("--ratio", ratio.toFixed(4));
  return [
    ratio > 0.6 && picture("haze"), // beside or above a wide picture there is room to fill
    media,
    h("button", { class: "big", type: "button", "data-do": "pause", "aria-label": "Play" }, icon("play")),
    h("div", { class: "spinner", "aria-hidden": "true" }),
    h(
      "div",
      { class: "broken-note" },
      icon("warning"),
      h("p", {}, "This video did not load."),
      h("button", { type: "button", class: "plain", "data-do": "retry" }, "Try again"),
    ),
    h(
      "div",
      { class: "words" },
      h("p", { class: "chips" }, reason && h("span", { class: "chip why" }, reason), card.flavor !== "default" && h("span", { class: "chip" }, sentence(card.flavor))),
      h("h2", {}, card.title),
      card.subject && h("p", { class: "subject" }, card.subject),
    ),
    h(
      "div",
      { class: "rail" },
      action("like", "heart", "Like", liked),
      action("share", "share", "Share"),
      action("not_interested", "dislike", "Not interested"),
      action("sound", "muted", "Sound"),
    ),
  ];
}

/**
 * @param {string} name
 * @param {import("../ui/icons.js").IconName} drawing
 * @param {string} label
 * @param {boolean} [pressed]
 */
function action(name, drawing, label, pressed) {
  const drawings = name === "sound" ? [icon("muted"), icon("sound")] : [icon(drawing)];
  return h(
    "button",
    { type: "button", class: `action ${name}`, "data-do": name, "aria-label": label, title: label, "aria-pressed": pressed === undefined ? null : String(pressed) },
    ...drawings,
  );
}
