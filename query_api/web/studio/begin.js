/** A new project: an idea, and what kind of video it shall be. */

import { ApiError } from "../client/index.js";
import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { sentence } from "../feed/labels.js";
import { uuid } from "../ui/store.js";
import { pause, TRIES } from "./desk.js";

/** @typedef {import("../client/types").Flavor} Flavor */

const LENGTHS = [15, 30, 45, 60, 90, 180];

export class Begin {
  /**
   * @param {import("../client/index.js").Swipestream} api
   * @param {(id: string) => void} onOpened
   */
  constructor(api, onOpened) {
    this.api = api;
    this.onOpened = onOpened;
    this.key = uuid();
    /** @type {Flavor[]} */
    this.flavors = [];
    this.text = h("textarea", { rows: 4, maxLength: 2000, required: true, placeholder: "What is the video about?", "aria-label": "Idea", oninput: () => (this.key = uuid()) });
    this.flavor = h("select", { onchange: () => this.#kinds() });
    this.kind = h("select", {});
    this.length = h("select", {}, h("option", { value: "" }, "As the style says"), ...LENGTHS.map((length) => h("option", { value: String(length) }, `${length} s`)));
    this.error = h("p", { class: "error", role: "alert" });
    this.submit = h("button", { type: "submit", class: "main" }, icon("spark"), "Write a draft");
    this.element = h(
      "form",
      { class: "begin", onsubmit: (/** @type {Event} */ event) => this.#send(event) },
      h("h1", {}, "Begin with an idea"),
      h("p", { class: "quiet" }, "You get a script in a second. Change each scene as you like; nothing is rendered until you say so."),
      this.text,
      h("div", { class: "choices" }, field("Style", this.flavor), field("Kind", this.kind), field("Length", this.length)),
      this.error,
      this.submit,
    );
  }

  /** @param {Flavor[]} flavors */
  offer(flavors) {
    this.flavors = flavors;
    this.flavor.replaceChildren(...flavors.map(({ name, title, description }) => h("option", { value: name, title: description }, title || sentence(name))));
    if (flavors.some((flavor) => flavor.name === "default")) this.flavor.value = "default";
    this.#kinds();
  }

  #kinds() {
    const kinds = this.flavors.find((flavor) => flavor.name === this.flavor.value)?.archetypes || [];
    this.kind.replaceChildren(h("option", { value: "" }, "Whatever fits"), ...kinds.map((kind) => h("option", { value: kind }, sentence(kind))));
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    this.submit.disabled = true;
    this.error.textContent = "";
    // Who is quicker than the list of styles has not chosen one.
    const [flavor, archetype] = [this.flavor.value || undefined, this.kind.value || undefined];
    const idea = { text: this.text.value.trim(), flavor, archetype, target_seconds: Number(this.length.value) || undefined };
    try {
      const { project_id } = await patiently(() => this.api.projects.open(idea, this.key));
      this.text.value = "";
      this.key = uuid();
      this.onOpened(project_id);
    } catch (error) {
      this.error.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      this.submit.disabled = false;
    }
  }
}

/**
 * @param {string} title
 * @param {HTMLElement} control
 */
const field = (title, control) => h("label", {}, h("span", {}, title), control);

/**
 * Ask again where no answer came: with its key, the same question never opens a second project.
 * @template T
 * @param {() => Promise<T>} ask
 */
async function patiently(ask) {
  for (let turn = 1; ; turn++) {
    try {
      return await ask();
    } catch (error) {
      if (turn === TRIES || !(error instanceof ApiError) || !error.passing) throw error;
      await pause(Math.max(error.retryMs, 250 * 2 ** turn));
    }
  }
}
