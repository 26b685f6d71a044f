/** The sheet on which videos are asked for, and where one sees how far they are. */

import { byId, h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { PromptForm } from "./form.js";
import { jobCard } from "./job.js";

export class Sheet {
  /**
   * @param {import("./jobs.js").Jobs} jobs
   * @param {(card: import("../client/types").VideoCard) => void} onWatch
   */
  constructor(jobs, onWatch) {
    this.jobs = jobs;
    this.onWatch = onWatch;
    this.dialog = /** @type {HTMLDialogElement} */ (byId("sheet"));
    this.form = new PromptForm((id, text) => jobs.add(id, text));
    this.list = h("div", { class: "jobs" });
    const close = h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => this.close() }, icon("close"));
    const header = h("header", {}, h("h2", { id: "sheet-title" }, "Make a video"), close);
    this.dialog.append(h("div", { class: "sheet-in" }, header, this.form.element, this.list));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.close());
    jobs.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  open() {
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.form.focus();
  }

  close() {
    this.dialog.close();
  }

  #draw() {
    const cards = this.jobs.jobs.map((job) =>
      jobCard(job, { onWatch: () => this.#watch(job), onDrop: () => this.jobs.drop(job.id) }),
    );
    this.list.replaceChildren(...cards);
  }

  /** @param {import("./jobs.js").Job} job */
  #watch(job) {
    this.close();
    if (job.card) this.onWatch(job.card);
    this.jobs.drop(job.id);
  }
}
