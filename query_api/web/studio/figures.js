/** Live figures of the whole system: what waits, what succeeds, what people do with it, what it costs. */

import { h } from "../ui/dom.js";
import { Quality } from "./quality.js";
import { price } from "./words.js";

const ASK_MS = 2000;
const SCENES = [["interactive", "Scenes, asked for"], ["prefetch", "Scenes, ahead of viewers"], ["bulk", "Scenes, in bulk"]];

export class Figures {
  /** @param {import("../client/index.js").Swipestream} api */
  constructor(api) {
    this.api = api;
    this.timer = 0;
    this.shown = false;
    this.tiles = h("div", { class: "tiles" });
    this.window = h("p", { class: "window" });
    this.lanes = h("div", { class: "lanes" });
    this.quality = new Quality();
    this.parts = h("div", { class: "parts" });
    this.trouble = h("p", { class: "error", role: "alert" });
    this.element = h(
      "section",
      { class: "figures", "aria-label": "System" },
      h("h1", {}, "System"),
      this.trouble,
      this.tiles,
      this.window,
      h("div", {}, h("h2", {}, "Waiting to be made"), this.lanes),
      this.quality.element,
      h("div", {}, h("h2", {}, "Parts"), this.parts),
    );
  }

  open() {
    this.shown = true;
    this.#ask();
  }

  leave() {
    this.shown = false;
    clearTimeout(this.timer);
  }

  async #ask() {
    const [figures, ready] = await Promise.all([this.api.call("/v1/figures").catch((error) => error), fetch("/readyz").then((answer) => answer.json(), () => null)]);
    if (!this.shown) return;
    this.trouble.textContent = figures instanceof Error ? figures.message : "";
    if (!(figures instanceof Error)) this.#draw(figures);
    if (ready) this.#drawParts(ready.parts || []);
    this.timer = setTimeout(() => this.#ask(), ASK_MS);
  }

  /** @param {any} figures */
  #draw(figures) {
    const { making, engagement, cost, queues, quality } = figures;
    this.quality.draw(quality);
    this.tiles.replaceChildren(
      tile(whole(making.published), "videos published"),
      tile(share(making.success_rate), "of those accepted succeeded"),
      tile(whole(engagement.views), "views"),
      tile(share(engagement.completion_rate), "watched to the end"),
      tile(whole(engagement.likes), "likes"),
      tile(whole(engagement.shares), "shared"),
      tile(price(cost.per_video ? { amount: cost.per_video, currency: cost.currency } : null), "a video"),
    );
    this.window.textContent = `${covered("Videos", making.window)} · ${covered("Views", engagement.window)}`;
    /** @type {[string, number | undefined][]} */
    const lanes = [["Scripts", queues?.scripts], ...SCENES.map(([name, text]) => /** @type {[string, number]} */ ([text, queues?.scenes[name]])), ["To be put together", queues?.assemblies]];
    const most = Math.max(10, ...lanes.map(([, waiting]) => waiting || 0));
    this.lanes.replaceChildren(...lanes.map(([name, waiting]) => lane(name, waiting, most)));
  }

  /** @param {{ name: string, ok: boolean, detail: string, lag?: number | null }[]} parts */
  #drawParts(parts) {
    this.parts.replaceChildren(
      ...parts.map(({ name, ok, detail, lag }) =>
        h("span", { class: `part ${ok ? "" : "bad"}` }, h("span", { class: "dot" }), name, h("small", {}, ok ? (lag ? `${lag} behind` : "fine") : detail || "missing")),
      ),
    );
  }
}

/**
 * @param {string} figure
 * @param {string} what
 */
const tile = (figure, what) => h("div", { class: "tile" }, h("strong", {}, figure), h("span", {}, what));

/**
 * @param {string} name
 * @param {number | undefined} waiting
 * @param {number} most
 */
function lane(name, waiting, most) {
  const bar = h("div", {});
  bar.style.width = `${((waiting || 0) / most) * 100}%`;
  return h("div", { class: "lane" }, h("span", {}, name), h("div", { class: "track" }, bar), h("output", {}, whole(waiting)));
}

/**
 * @param {string} what
 * @param {{ since?: string, whole: boolean }} window
 */
const covered = (what, { since, whole: all }) =>
  all || !since ? `${what}: all that the log holds` : `${what}: the newest, since ${new Date(since).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;

/** @param {number | null | undefined} value */
const whole = (value) => (value === null || value === undefined ? "–" : new Intl.NumberFormat().format(value));

/** @param {number | null | undefined} value */
const share = (value) => (value === null || value === undefined ? "–" : `${Math.round(value * 100)} %`);
