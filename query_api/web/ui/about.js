/** What stands beside the stage on a wide screen. */

import { ago, clock, sentence, why } from "../feed/labels.js";
import { byId, h } from "./dom.js";

/** @typedef {import("../client/types").VideoCard} Card */

/** @param {Card | null} card */
export function drawAbout(card) {
  const rows = card && [
    ["Style", sentence(card.flavor)], ["Kind", sentence(card.archetype)], ["Length", clock(card.duration_ms)],
    ["Made", ago(card.published_at)],
  ];
  byId("about").replaceChildren(
    ...(card && rows
      ? [
          h("p", { class: "chip why" }, why(card) || "In your feed"),
          h("h2", {}, card.title),
          h("p", { class: "subject" }, card.subject),
          h("dl", {}, ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
        ]
      : []),
  );
}

/**
 * @param {Card[]} cards
 * @param {(card: Card) => void} onPick
 */
export function drawNext(cards, onPick) {
  const box = byId("next");
  const ids = cards.map((card) => card.video_id).join();
  if (box.dataset.ids === ids) return;
  box.dataset.ids = ids;
  const items = cards.map((card) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "next-item", onclick: () => onPick(card) },
        h("img", { src: card.media.cover, alt: "", loading: "lazy" }),
        h("span", {}, h("strong", {}, card.title), h("small", {}, `${sentence(card.flavor)} · ${clock(card.duration_ms)}`)),
      ),
    ),
  );
  box.replaceChildren(...(items.length ? [h("h2", {}, "Up next"), h("ol", {}, ...items)] : []));
}
