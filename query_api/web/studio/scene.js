/** One scene: what is said, what is seen, what stands on the screen. Saved when one leaves a field. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { sentence } from "../feed/labels.js";
import { Figures } from "./chart.js";
import { moments } from "./chapters.js";
import { Model } from "./model.js";

/**
 * @typedef {import("../client/types").Project} Project
 * @typedef {import("../client/types").ProjectScene} ProjectScene
 */

const ACCEPTED = "image/png,image/jpeg,image/webp,video/mp4,video/webm,video/quicktime";

/** @typedef {"narration" | "visuals" | "on_screen_text"} Words */

/**
 * What a scene keeps wherever it is moved.
 * @param {ProjectScene} scene
 */
export const keyOf = (scene) => scene.drawn_as;

export class SceneCard {
  /**
   * @param {number} key
   * @param {string} project its id
   * @param {import("./desk.js").Desk} desk
   * @param {(by: number) => void} onMove
   */
  constructor(key, project, desk, onMove) {
    this.key = key;
    this.project = project;
    this.desk = desk;
    this.onMove = onMove;
    /** @type {Map<Words, string>} what was typed and is not saved yet */
    this.unsaved = new Map();
    /** Whether it is made again by what is rendered now. */
    this.made = false;
    /** How it stood when it was last drawn, and beside how many revisions. */
    this.before = { changed: false, revisions: 0 };
    this.number = h("span", { class: "number" });
    this.picture = h("div", { class: "scene-picture" });
    this.handle = h(
      "button",
      { type: "button", class: "handle", draggable: true, title: "Drag, or press ↑ and ↓", onkeydown: (/** @type {KeyboardEvent} */ event) => this.#moved(event) },
      this.number,
      icon("grip"),
    );
    this.beat = h("span", { class: "beat" });
    this.state = h("span", { class: "state" });
    this.narration = this.#field("narration", "What is said", 3);
    this.visuals = this.#field("visuals", "What is seen", 2);
    this.screen = this.#field("on_screen_text", "On the screen", 1);
    this.file = h("input", { type: "file", accept: ACCEPTED, hidden: true, onchange: () => this.#upload() });
    this.mute = this.#button("sound", "Mute", () => this.#change((projects, project, { scene_number, muted }) => projects.editScene(project, scene_number, { muted: !muted })));
    this.redo = this.#button("retry", "Draw it differently", () => this.#change((projects, project, { scene_number }) => projects.redoScene(project, scene_number)));
    this.replace = this.#button("image", "Use a picture or clip of your own", () => this.#replace());
    this.remove = this.#button("bin", "Take this scene out", () => this.#change((projects, project, { scene_number }) => projects.removeScene(project, scene_number)));
    this.model = new Model("as the whole video", (told) => this.#change((projects, project, { scene_number }) => projects.redoScene(project, scene_number, told)));
    this.chart = new Figures((chart) => this.#charted(chart));
    /** @type {ProjectScene | null} */
    this.scene = null;
    this.element = h(
      "li",
      { class: "scene", "data-key": String(key) },
      h("div", { class: "scene-side" }, this.handle, this.picture),
      h(
        "div",
        { class: "scene-words" },
        h("header", {}, this.beat, this.state, h("div", { class: "tools" }, this.mute, this.redo, this.replace, this.remove)),
        ...[this.narration, this.visuals, this.screen].map((field) => field.label),
        this.chart.element,
        this.model.element,
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
    this.number.textContent = String(scene.scene_number);
    this.element.setAttribute("aria-label", `Scene ${scene.scene_number}`);
    const locked = project.status === "drafting";
    this.beat.textContent = sentence(scene.beat);
    this.#drawState(scene, project);
    for (const [name, { input }] of this.#fields()) {
      // What is being typed, or is on its way, is not written over.
      if (document.activeElement !== input && !this.unsaved.has(name)) input.value = scene[name];
      input.readOnly = locked;
    }
    for (const button of [this.mute, this.redo, this.replace, this.remove]) button.disabled = locked;
    this.remove.disabled ||= project.scenes.length < 2;
    this.mute.replaceChildren(icon(scene.muted ? "muted" : "sound"));
    this.mute.setAttribute("aria-pressed", String(scene.muted));
    this.replace.setAttribute("aria-label", scene.footage ? "Use the drawn picture again" : "Use a picture or clip of your own");
    this.element.classList.toggle("muted", scene.muted);
    this.chart.draw(scene.chart, locked);
    this.model.draw(scene, this.desk.flavor(scene.flavor || project.flavor), locked);
    this.#drawPicture(scene, project);
  }

  /**
   * @param {ProjectScene} scene
   * @param {Project} project
   */
  #drawState(scene, project) {
    const rendering = project.status === "rendering";
    const { length } = project.revisions;
    if (length > this.before.revisions) this.made = this.before.changed || (rendering && this.made);
    if (!rendering) this.made = false;
    this.before = { changed: scene.changed, revisions: length };
    const video = project.revisions.some((revision) => revision.card);
    const making = rendering && (this.made || !video);
    const text = scene.changed && (video || rendering) ? "changed" : making ? "being made" : video ? "in the video" : "";
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
    const moment = (await moments(card))[(this.scene?.scene_number || 0) - 1];
    if (moment === undefined || this.picture.dataset.key !== key) return;
    const smallest = card.media.renditions?.at(-1)?.video || card.media.video;
    this.picture.replaceChildren(h("video", { src: `${smallest}#t=${moment.toFixed(2)}`, muted: true, playsInline: true, preload: "metadata", tabIndex: -1, "aria-hidden": true }));
  }

  /**
   * @param {Words} name
   * @param {string} title
   * @param {number} rows
   */
  #field(name, title, rows) {
    const input = h("textarea", {
      rows, maxLength: name === "on_screen_text" ? 120 : 2000,
      onblur: () => this.#left(name, input),
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

  /** @returns {[Words, { input: HTMLTextAreaElement }][]} */
  #fields() {
    return [["narration", this.narration], ["visuals", this.visuals], ["on_screen_text", this.screen]];
  }

  /**
   * @param {Words} name
   * @param {HTMLTextAreaElement} input
   */
  #undo(name, input) {
    this.unsaved.delete(name);
    input.classList.remove("unsaved");
    input.value = this.scene?.[name] || "";
    input.blur();
  }

  /**
   * Save what was typed. Where that fails it stays in its field, and is tried again when the field is left again.
   * @param {Words} name
   * @param {HTMLTextAreaElement} input
   */
  async #left(name, input) {
    const text = input.value.trim();
    if (!this.scene || text === (this.unsaved.get(name) ?? this.scene[name]) && !input.classList.contains("unsaved")) return;
    if (!text && name !== "on_screen_text") return this.#undo(name, input);
    this.unsaved.set(name, text);
    const saved = await this.#edit({ [name]: text });
    if (this.unsaved.get(name) !== text) return; // typed on meanwhile, or undone
    if (saved) this.unsaved.delete(name);
    input.classList.toggle("unsaved", !saved);
  }

  /** @param {Record<string, any>} changes */
  #edit(changes) {
    return this.#change((projects, project, { scene_number }) => projects.editScene(project, scene_number, changes));
  }

  /**
   * Change this scene, wherever it is when its turn comes.
   * @param {(projects: import("../client/projects.js").Projects, project: Project, scene: ProjectScene) => Promise<Project>} change
   */
  #change(change) {
    return this.desk.change((projects, project) => {
      const scene = project.scenes.find((one) => keyOf(one) === this.key);
      return scene ? change(projects, project, scene) : null;
    }, this.project);
  }

  /** @param {import("../client/types").Chart | null} chart none: the scene has its look again; the focus stays in the scene */
  async #charted(chart) {
    const saved = await this.#edit({ chart });
    if (saved && !chart) this.handle.focus();
    return saved;
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
    /** @type {string | undefined} sent once, also where the change is made again */
    let kept;
    await this.#change(async (projects, project, { scene_number }) => {
      kept ??= (await projects.upload(file)).upload_id;
      return projects.editScene(project, scene_number, { footage: { upload_id: kept } });
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
