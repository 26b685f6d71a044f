/** The prompt sheet: what shall be made, in which style, and how far it is. */

import { ApiError, api } from "../api.js";
import { byId, h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { recall, remember, uuid } from "../ui/store.js";
import { sentence } from "../feed/labels.js";
import { jobCard } from "./job.js";

const MOST = 2000;
const IDEAS = ["Why do cats purr?", "The deepest lake on Earth", "How a violin sings", "A day on Mars in 30 seconds"];

export class Sheet {
  /**
   * @param {string} viewer
   * @param {import("./jobs.js").Jobs} jobs
   * @param {(card: import("../types.js").Card) => void} onWatch
   */
  constructor(viewer, jobs, onWatch) {
    this.viewer = viewer;
    this.jobs = jobs;
    this.onWatch = onWatch;
    this.dialog = /** @type {HTMLDialogElement} */ (byId("sheet"));
    this.key = uuid();
    /** @type {import("../types.js").Flavor[]} */
    this.flavors = [];
    this.#build();
    jobs.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  open() {
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.text.focus();
    this.#choices();
  }

  close() {
    this.dialog.close();
  }

  #build() {
    this.text = h("textarea", {
      name: "text", rows: 3, maxLength: MOST, required: true, value: recall("draft", ""),
      placeholder: "What should it be about?", "aria-labelledby": "sheet-title", "aria-describedby": "sheet-error",
      oninput: () => this.#typed(),
    });
    this.flavor = h("select", { name: "flavor", onchange: () => this.#kinds() }, h("option", { value: "" }, sentence("default")));
    this.archetype = h("select", { name: "archetype" }, h("option", { value: "" }, "Whatever fits"));
    this.kind = h("label", { hidden: true }, h("span", {}, "Kind"), this.archetype);
    this.error = h("p", { id: "sheet-error", class: "error", role: "alert" });
    this.submit = h("button", { class: "main", type: "submit" }, icon("spark"), "Make it");
    this.list = h("div", { class: "jobs" });
    const form = h(
      "form",
      { onsubmit: (/** @type {Event} */ event) => this.#send(event) },
      this.text,
      h("div", { class: "ideas" }, ...IDEAS.map((idea) => h("button", { type: "button", class: "idea", onclick: () => this.#take(idea) }, idea))),
      h("div", { class: "choices" }, h("label", {}, h("span", {}, "Style"), this.flavor), this.kind),
      this.error,
      this.submit,
    );
    const close = h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => this.close() }, icon("close"));
    this.dialog.append(h("div", { class: "sheet-in" }, h("header", {}, h("h2", { id: "sheet-title" }, "Make a video"), close), form, this.list));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.close());
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit();
    });
  }

  /** @param {string} idea */
  #take(idea) {
    /** @type {HTMLTextAreaElement} */ (this.text).value = idea;
    this.#typed();
    this.text?.focus();
  }

  #typed() {
    remember("draft", this.text.value);
    this.error.textContent = "";
    this.key = uuid(); // another text is another wish; the same text sent twice is one
  }

  async #choices() {
    if (this.flavors.length) return;
    const answer = await api.flavors().catch(() => null);
    if (!answer?.flavors?.length) return; // the defaults will do
    this.flavors = answer.flavors;
    this.flavor.replaceChildren(...this.flavors.map((flavor) => option(flavor.name, flavor.title, flavor.description)));
    this.flavor.value = this.flavors.some((flavor) => flavor.name === "default") ? "default" : this.flavors[0].name;
    this.#kinds();
  }

  /** The kinds of story that the chosen style knows. */
  #kinds() {
    const flavor = this.flavors.find((item) => item.name === this.flavor.value);
    const kinds = flavor?.archetypes || [];
    const before = this.archetype.value;
    this.archetype.replaceChildren(option("", "Whatever fits"), ...kinds.map((name) => option(name)));
    this.archetype.value = kinds.includes(before) ? before : "";
    this.kind.hidden = !kinds.length;
    this.text.maxLength = flavor?.prompt_characters || MOST;
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text) return this.#say("Write what the video should be about.");
    this.submit.disabled = true;
    try {
      const made = await api.prompt(this.#prompt(text), this.key);
      this.jobs.add(made.video_id, text);
      this.text.value = "";
      this.#typed();
    } catch (error) {
      this.#say(error instanceof ApiError ? error.message : String(error));
    } finally {
      this.submit.disabled = false;
    }
  }

  /** @param {string} text */
  #prompt(text) {
    const flavor = this.flavor.value || undefined;
    return { text, flavor, archetype: this.archetype.value || undefined, viewer_id: this.viewer };
  }

  /** @param {string} text */
  #say(text) {
    this.error.textContent = text;
    this.text.focus();
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

/**
 * @param {string} value
 * @param {string} [text]
 * @param {string} [hint]
 */
const option = (value, text, hint) => h("option", { value, title: hint || "" }, text || sentence(value));
