/** One scene: what is said, what is seen, what stands on the screen. Saved when one leaves a field. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { sentence } from "../feed/labels.js";
import { moments } from "./chapters.js";

/**
 * @typedef {import("../client/types").Project} Project
 * @typedef {import("../client/types").ProjectScene} ProjectScene
 */

const LOCKED = ["rendering", "drafting"];
const ACCEPTED = "image/png,image/jpeg,image/webp,video/mp4,video/webm,video/quicktime";

export class SceneCard {
  /**
   * @param {number} number
   * @param {import("./desk.js").Desk} desk
   * @param {(by: number) => void} onMove
   */
  constructor(number, desk, onMove) {
    this.number = number;
    this.desk = desk;
    this.onMove = onMove;
    this.picture = h("div", { class: "scene-picture" });
    this.handle = h(
      "button",
      { type: "button", class: "handle", draggable: true, title: "Drag, or press ↑ and ↓", onkeydown: (/** @type {KeyboardEvent} */ event) => this.#moved(event) },
      h("span", { class: "number" }, String(number)),
      icon("grip"),
    );
    this.beat = h("span", { class: "beat" });
    this.state = h("span", { class: "state" });
    this.narration = this.#field("narration", "What is said", 3);
    this.visuals = this.#field("visuals", "What is seen", 2);
    this.screen = this.#field("on_screen_text", "On the screen", 1);
    this.file = h("input", { type: "file", accept: ACCEPTED, hidden: true, onchange: () => this.#upload() });
    this.mute = this.#button("sound", "Mute", () => this.#edit({ muted: !this.scene?.muted }));
    this.redo = this.#button("retry", "Draw it differently", () => this.desk.change((projects, project) => projects.redoScene(project, number)));
    this.replace = this.#button("image", "Use a picture or clip of your own", () => this.#replace());
    this.remove = this.#button("bin", "Take this scene out", () => this.desk.change((projects, project) => projects.removeScene(project, number)));
    /** @type {ProjectScene | null} */
    this.scene = null;
    this.element = h(
      "li",
      { class: "scene", "data-number": String(number), "aria-label": `Scene ${number}` },
      h("div", { class: "scene-side" }, this.handle, this.picture),
      h(
        "div",
        { class: "scene-words" },
        h("header", {}, this.beat, this.state, h("div", { class: "tools" }, this.mute, this.redo, this.replace, this.remove)),
        ...[this.narration, this.visuals, this.screen].map((field) => field.label),
        this.file,
      ),
    );
  }

  /**
   * @param {ProjectScene} scene
   * @param {Project} project
   */
  draw(scene, project) {
    this.scene = scene;
    const locked = LOCKED.includes(project.status);
    this.beat.textContent = sentence(scene.beat);
    this.#drawState(scene, project);
    for (const [field, text] of /** @type {const} */ ([[this.narration, scene.narration], [this.visuals, scene.visuals], [this.screen, scene.on_screen_text]])) {
      // What is being typed is not written over.
      if (document.activeElement !== field.input) field.input.value = text;
      field.input.readOnly = locked;
    }
    for (const button of [this.mute, this.redo, this.replace, this.remove]) button.disabled = locked;
    this.remove.disabled ||= project.scenes.length < 2;
    this.mute.replaceChildren(icon(scene.muted ? "muted" : "sound"));
    this.mute.setAttribute("aria-pressed", String(scene.muted));
    this.replace.setAttribute("aria-label", scene.footage ? "Use the drawn picture again" : "Use a picture or clip of your own");
    this.element.classList.toggle("muted", scene.muted);
    this.#drawPicture(scene, project);
  }

  /**
   * @param {ProjectScene} scene
   * @param {Project} project
   */
  #drawState(scene, project) {
    const made = project.revisions.length > 0;
    const text = project.status === "rendering" && scene.changed ? "being made" : !made ? "" : scene.changed ? "changed" : "in the video";
    this.state.textContent = text;
    this.state.className = `state ${text.replaceAll(" ", "-")}`;
  }

  /**
   * A frame of the newest video, at the time of this scene.
   * @param {ProjectScene} scene
   * @param {Project} project
   */
  #drawPicture(scene, project) {
    const card = scene.changed ? null : project.revisions.filter((revision) => revision.card).at(-1)?.card;
    const key = card?.media.video || "";
    if (this.picture.dataset.key === key && this.picture.children.length) return;
    this.picture.dataset.key = key;
    this.picture.replaceChildren(icon(scene.footage ? "image" : "spark"));
    if (card) this.#drawFrame(card, key);
  }

  /**
   * @param {import("../client/types").VideoCard} card
   * @param {string} key
   */
  async #drawFrame(card, key) {
    const moment = (await moments(card))[this.number - 1];
    if (moment === undefined || this.picture.dataset.key !== key) return;
    const smallest = card.media.renditions?.at(-1)?.video || card.media.video;
    this.picture.replaceChildren(h("video", { src: `${smallest}#t=${moment.toFixed(2)}`, muted: true, playsInline: true, preload: "metadata", tabIndex: -1, "aria-hidden": true }));
  }

  /**
   * @param {"narration" | "visuals" | "on_screen_text"} name
   * @param {string} title
   * @param {number} rows
   */
  #field(name, title, rows) {
    const input = h("textarea", {
      rows, maxLength: name === "on_screen_text" ? 120 : 2000,
      onblur: () => this.#left(name, input.value.trim()),
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && this.#undo(name, input),
    });
    return { input, label: h("label", { class: name }, h("span", {}, title), input) };
  }

  /**
   * @param {import("../ui/icons.js").IconName} name
   * @param {string} title
   * @param {() => void} act
   */
  #button(name, title, act) {
    return h("button", { type: "button", class: "tool", "aria-label": title, title, onclick: act }, icon(name));
  }

  /**
   * @param {"narration" | "visuals" | "on_screen_text"} name
   * @param {HTMLTextAreaElement} input
   */
  #undo(name, input) {
    input.value = this.scene?.[name] || "";
    input.blur();
  }

  /**
   * @param {"narration" | "visuals" | "on_screen_text"} name
   * @param {string} text
   */
  #left(name, text) {
    if (!this.scene || text === this.scene[name]) return;
    if (!text && name !== "on_screen_text") return this.#undo(name, this[name].input);
    this.#edit({ [name]: text });
  }

  /** @param {Record<string, any>} changes */
  #edit(changes) {
    return this.desk.change((projects, project) => projects.editScene(project, this.number, changes));
  }

  #replace() {
    if (this.scene?.footage) this.#edit({ footage: null });
    else this.file.click();
  }

  async #upload() {
    const file = this.file.files?.[0];
    this.file.value = "";
    if (!file) return;
    this.element.classList.add("busy");
    await this.desk.change(async (projects, project) => {
      const { upload_id } = await projects.upload(file);
      return projects.editScene(project, this.number, { footage: { upload_id } });
    });
    this.element.classList.remove("busy");
  }

  /** @param {KeyboardEvent} event */
  #moved(event) {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (!by) return;
    event.preventDefault();
    this.onMove(by);
  }
}
