/** The figures that a scene draws: changed one by one, or taken out with all of it. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/**
 * @typedef {import("../client/types").Chart} Chart
 * @typedef {import("../client/types").ChartValue} ChartValue
 */

/** What is fewer is no chart. */
const FEWEST = 2;
const LARGEST = 1e15;

/** Saved when one leaves a field, unless a field holds what cannot be drawn. */
export class Figures {
  /** @param {(chart: Chart | null) => Promise<boolean>} save null: none */
  constructor(save) {
    this.save = save;
    this.told = 0;
    this.shown = "null";
    this.said = h("span", { class: "said own" });
    this.kind = h("select", { "aria-label": "Drawn as", onchange: () => this.#changed() }, h("option", { value: "bars" }, "Bars"), h("option", { value: "line" }, "Line"));
    this.rows = h("ul", { class: "chart-values", "aria-label": "Figures" });
    this.remove = h("button", { type: "button", class: "small-plain", onclick: () => this.#save(null) }, icon("bin"), "Take the chart out");
    this.summary = h("summary", {}, h("span", {}, "Chart"), this.said);
    this.element = h("details", { class: "chart fold", hidden: true }, this.summary, h("div", { class: "fold-in" }, this.kind, this.rows, this.remove));
  }

  /**
   * @param {Chart | null | undefined} chart
   * @param {boolean} locked
   */
  draw(chart, locked) {
    this.element.hidden = !chart;
    if (chart) this.#fill(chart);
    else this.shown = "null";
    for (const control of this.element.querySelectorAll("input, select, button")) /** @type {HTMLInputElement} */ (control).disabled = locked;
    if (this.rows.children.length <= FEWEST) for (const button of this.rows.querySelectorAll("button")) button.disabled = true;
  }

  /** @param {Chart} chart */
  #fill(chart) {
    this.said.textContent = `${chart.values.length} figures`;
    const now = JSON.stringify(chart);
    // What is being typed, or is on its way, is not written over.
    if (now === this.shown || this.element.contains(document.activeElement)) return;
    this.shown = now;
    this.told = chart.told || 0;
    this.kind.value = chart.kind || "bars";
    this.rows.replaceChildren(...chart.values.map((value) => this.#row(value)));
  }

  /** @param {ChartValue} value */
  #row({ label, text, value }) {
    const of = (/** @type {string} */ title, /** @type {Record<string, any>} */ more) => h("input", { "aria-label": title, title, required: true, onchange: () => this.#changed(), ...more });
    const drop = h("button", { type: "button", class: "tool", "aria-label": "Take this figure out", title: "Take this figure out", onclick: () => this.#drop(row) }, icon("close"));
    const row = h("li", {}, of("What it is of", { value: label, maxLength: 60 }), of("As it is shown", { value: text, maxLength: 60 }), of("How much it is", { type: "number", step: "any", min: -LARGEST, max: LARGEST, value: String(value) }), drop);
    return row;
  }

  /** @param {HTMLElement} row what was told before the scene stays so */
  #drop(row) {
    if ([...this.rows.children].indexOf(row) < this.told) this.told--;
    row.remove();
    this.summary.focus();
    return this.#changed();
  }

  #changed() {
    if (this.rows.querySelector(":invalid")) return;
    const values = [...this.rows.children].map((row) => {
      const [label, text, value] = row.querySelectorAll("input");
      return { label: label.value.trim(), text: text.value.trim(), value: value.valueAsNumber };
    });
    return this.#save({ kind: /** @type {"bars" | "line"} */ (this.kind.value), values, told: this.told });
  }

  /** @param {Chart | null} chart */
  async #save(chart) {
    const [before, now] = [this.shown, JSON.stringify(chart)];
    if (now === before) return;
    this.shown = now;
    if (!(await this.save(chart)) && this.shown === now) this.shown = before;
  }
}
