/** What is on one slide. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { sentence, why } from "./labels.js";

/** @typedef {import("../client/types").VideoCard} Card */

/**
 * @param {Card} card
 * @param {boolean} liked
 * @returns {Element[]}
 */
export function contents(card, liked) {
  const ratio = card.width / card.height;
  const media = h("div", { class: "media", "data-do": "pause" }, picture(card, "cover"));
  media.style.setProperty("--ratio", ratio.toFixed(4));
  return [
    ...(ratio > 0.6 ? [picture(card, "haze")] : []), // beside or above a wide picture there is room to fill
    media,
    h("button", { class: "big", type: "button", "data-do": "pause", "aria-label": "Play" }, icon("play")),
    h("div", { class: "spinner", "aria-hidden": "true" }),
    broken(),
    words(card),
    rail(liked),
  ];
}

/**
 * @param {Card} card
 * @param {string} name
 */
const picture = (card, name) => h("img", { class: name, src: card.media.cover, alt: "", decoding: "async", draggable: false });

const broken = () =>
  h(
    "div",
    { class: "broken-note" },
    icon("warning"),
    h("p", {}, "This video did not load."),
    h("button", { type: "button", class: "plain", "data-do": "retry" }, "Try again"),
  );

/** @param {Card} card */
function words(card) {
  const reason = why(card);
  const chips = [reason && h("span", { class: "chip why" }, reason), card.flavor !== "default" && h("span", { class: "chip" }, sentence(card.flavor))];
  return h("div", { class: "words" }, h("p", { class: "chips" }, ...chips), h("h2", {}, card.title), card.subject && h("p", { class: "subject" }, card.subject));
}

/** @param {boolean} liked */
const rail = (liked) =>
  h(
    "div",
    { class: "rail" },
    action("like", "heart", "Like", liked),
    action("share", "share", "Share"),
    action("not_interested", "dislike", "Not interested"),
    action("report", "flag", "Report"),
    action("captions", "captions", "Captions"),
    action("sound", "muted", "Sound"),
  );

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
