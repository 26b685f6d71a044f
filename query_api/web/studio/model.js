/** What a generative model is told beside the words: LoRAs and how strong each is, and how closely it keeps to the words. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/**
 * @typedef {import("../client/types").Flavor} Flavor
 * @typedef {import("../client/types").Style} Style
 * @typedef {{ styles?: Style[] | null, guidance?: number | null }} Told
 */

const MOST = 8;
let made = 0;

/** Saved when one leaves a field; where nothing is said, what is `usual` holds. */
export class Model {
  /**
   * @param {string} usual whose choice holds where nothing is said here
   * @param {(told: Told) => Promise<boolean>} save
   */
  constructor(usual, save) {
    this.usual = usual;
    this.save = save;
    this.said = h("span", { class: "said" });
    this.known = h("datalist", { id: `model-styles-${++made}` });
    this.rows = h("ul", { class: "loras", "aria-label": "LoRAs" });
    this.add = h("button", { type: "button", class: "small-plain", onclick: () => this.#row({ name: "", weight: 1 }).querySelector("input")?.focus() }, icon("plus"), "LoRA");
    this.guidance = h("input", { type: "number", min: "0", max: "50", step: "0.5", inputMode: "decimal", placeholder: usual, onchange: () => this.#changed() });
    this.element = h(
      "details",
      { class: "model fold", hidden: true },
      h("summary", {}, h("span", {}, "Model"), this.said),
      h("div", { class: "fold-in" }, this.rows, this.add, h("label", { class: "guidance" }, h("span", {}, "Guidance: how closely it keeps to the words"), this.guidance), this.known),
    );
    this.shown = "";
  }

  /**
   * @param {Told} told
   * @param {Flavor | undefined} flavor a drawn look takes no notice of any of it
   * @param {boolean} locked
   */
  draw(told, flavor, locked) {
    this.element.hidden = !flavor?.generates;
    this.said.textContent = summary(told) || this.usual;
    this.said.classList.toggle("own", Boolean(summary(told)));
    this.known.replaceChildren(...Object.keys(flavor?.styles || {}).map((name) => h("option", { value: name })));
    for (const control of this.element.querySelectorAll("input, button")) /** @type {HTMLInputElement} */ (control).disabled = locked;
    const now = JSON.stringify([told.styles, told.guidance]);
    // What is being typed, or is on its way, is not written over.
    if (now === this.shown || this.element.contains(document.activeElement)) return;
    this.shown = now;
    this.rows.replaceChildren();
    for (const style of told.styles || []) this.#row(style);
    this.guidance.value = told.guidance === undefined || told.guidance === null ? "" : String(told.guidance);
  }

  /** @param {Style} style */
  #row({ name, weight = 1 }) {
    const what = h("input", { class: "lora", value: name, placeholder: "its name", maxLength: 64, "aria-label": "LoRA", onchange: () => this.#changed() });
    what.setAttribute("list", this.known.id);
    const strength = h("input", { type: "range", min: "-2", max: "2", step: "0.1", value: String(weight), "aria-label": "Strength", oninput: () => (told.value = strength.value), onchange: () => this.#changed() });
    const told = h("output", {}, String(weight));
    const row = h("li", {}, what, strength, told, h("button", { type: "button", class: "tool", "aria-label": "Take it out", title: "Take it out", onclick: () => (row.remove(), this.#changed()) }, icon("close")));
    this.rows.append(row);
    this.add.hidden = this.rows.children.length >= MOST;
    return row;
  }

  /** Save what stands here now, unless it is what was saved before. */
  async #changed() {
    if (!this.guidance.validity.valid) return;
    const styles = [...this.rows.children].flatMap((row) => {
      const [what, strength] = row.querySelectorAll("input");
      return what.value.trim() ? [{ name: what.value.trim(), weight: Number(strength.value) }] : [];
    });
    this.add.hidden = this.rows.children.length >= MOST;
    const told = { styles: styles.length ? styles : null, guidance: this.guidance.value === "" ? null : Number(this.guidance.value) };
    const now = JSON.stringify([told.styles ?? undefined, told.guidance ?? undefined]);
    if (now === this.shown) return;
    const before = this.shown;
    this.shown = now;
    if (!(await this.save(told)) && this.shown === now) this.shown = before;
  }
}

/** @param {Told} told */
const summary = ({ styles, guidance }) => [...(styles || []).map(({ name, weight = 1 }) => `${name} ${weight}`), typeof guidance === "number" && `guidance ${guidance}`].filter(Boolean).join(" · ");
