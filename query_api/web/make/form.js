/** The form of a prompt: text, style, kind of story. */

import { api } from "../api.js";
import { ApiError } from "../client/errors.js";
import { sentence } from "../feed/labels.js";
import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { recall, remember, uuid } from "../ui/store.js";

const MOST = 2000;
const IDEAS = ["Why do cats purr?", "The deepest lake on Earth", "How a violin sings", "A day on Mars in 30 seconds"];

export class PromptForm {
  /**
   * @param {(id: string, text: string) => void} onAccepted
   */
  constructor(onAccepted) {
    this.onAccepted = onAccepted;
    this.key = uuid();
    /** @type {import("../client/types").Flavor[]} */
    this.flavors = [];
    this.text = h("textarea", {
      name: "text", rows: 3, maxLength: MOST, required: true, value: recall("draft", ""),
      placeholder: "What should it be about?", "aria-labelledby": "sheet-title", "aria-describedby": "sheet-error",
      oninput: () => this.#typed(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#pressed(event),
    });
    this.flavor = h("select", { name: "flavor", onchange: () => this.#kinds() }, option("", sentence("default")));
    this.archetype = h("select", { name: "archetype" });
    this.kind = h("label", { hidden: true }, h("span", {}, "Kind"), this.archetype);
    this.error = h("p", { id: "sheet-error", class: "error", role: "alert" });
    this.submit = h("button", { class: "main", type: "submit" }, icon("spark"), "Make it");
    this.element = h(
      "form",
      { onsubmit: (/** @type {Event} */ event) => this.#send(event) },
      this.text,
      h("div", { class: "ideas" }, ...IDEAS.map((idea) => h("button", { type: "button", class: "idea", onclick: () => this.#take(idea) }, idea))),
      h("div", { class: "choices" }, h("label", {}, h("span", {}, "Style"), this.flavor), this.kind),
      this.error,
      this.submit,
    );
  }

  /** Ready to be typed into. */
  focus() {
    this.text.focus();
    this.#load();
  }

  async #load() {
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
    const [kinds, before] = [flavor?.archetypes || [], this.archetype.value];
    this.archetype.replaceChildren(option("", "Whatever fits"), ...kinds.map((name) => option(name)));
    this.archetype.value = kinds.includes(before) ? before : "";
    this.kind.hidden = !kinds.length;
    this.text.maxLength = flavor?.prompt_characters || MOST;
  }

  /** @param {string} idea */
  #take(idea) {
    this.text.value = idea;
    this.#typed();
    this.text.focus();
  }

  #typed() {
    remember("draft", this.text.value);
    this.error.textContent = "";
    this.key = uuid(); // another text is another wish; the same one sent twice is one
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) this.element.requestSubmit();
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text) return this.#say("Write what the video should be about.");
    this.submit.disabled = true;
    const [flavor, archetype] = [this.flavor.value || undefined, this.archetype.value || undefined];
    try {
      const made = await api.prompt({ text, flavor, archetype }, this.key);
      this.text.value = "";
      this.#typed();
      this.onAccepted(made.video_id, text);
    } catch (error) {
      this.#say(error instanceof ApiError ? error.message : String(error));
    } finally {
      this.submit.disabled = false;
    }
  }

  /** @param {string} text */
  #say(text) {
    this.error.textContent = text;
    this.text.focus();
  }
}

/**
 * @param {string} value
 * @param {string} [text]
 * @param {string} [hint]
 */
const option = (value, text, hint) => h("option", { value, title: hint || "" }, text || sentence(value));
