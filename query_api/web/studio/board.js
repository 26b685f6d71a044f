/** The scenes of a script, in their order: edited, redone, muted, replaced, taken out, moved by drag and by keys. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { SceneCard, keyOf } from "./scene.js";

/**
 * @typedef {import("../client/types").Project} Project
 * @typedef {import("../client/types").ProjectScene} ProjectScene
 */

export class Board {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Map<number, SceneCard>} by what a scene keeps wherever it stands */
    this.cards = new Map();
    this.id = "";
    /** @type {SceneCard | null} */
    this.dragged = null;
    this.said = h("p", { class: "unseen", "aria-live": "polite" });
    this.list = h("ol", { class: "scenes", "aria-label": "Scenes" });
    this.add = h("button", { type: "button", class: "add", onclick: () => this.#add() }, icon("plus"), "Add a scene");
    this.element = h("section", { class: "board", "aria-label": "Script" }, this.list, this.add, this.said);
    this.list.addEventListener("dragover", (event) => this.#over(event));
    this.list.addEventListener("drop", (event) => (event.preventDefault(), this.#dropped()));
  }

  /** @param {Project} project */
  draw(project) {
    if (project.project_id !== this.id) this.#clear(project.project_id);
    const wanted = new Set(project.scenes.map(keyOf));
    for (const [key, card] of this.cards) if (!wanted.has(key)) card.element.remove(), this.cards.delete(key);
    const cards = project.scenes.map((scene) => this.cards.get(keyOf(scene)) || this.#made(keyOf(scene)));
    cards.forEach((card, place) => card.draw(project.scenes[place], project));
    if (!this.dragged) inOrder(this.list, cards.map((card) => card.element));
    this.add.disabled = project.status === "drafting" || project.scenes.length >= 20;
    this.add.hidden = !project.scenes.length;
  }

  /** @param {string} id another project: none of these scenes, and nothing that is typed in them, is one of its own */
  #clear(id) {
    this.cards.clear();
    this.list.replaceChildren();
    this.dragged = null;
    this.id = id;
  }

  /** @param {number} key */
  #made(key) {
    const card = new SceneCard(key, this.id, this.desk, (by) => this.#move(card, by));
    card.handle.addEventListener("dragstart", (event) => this.#drag(event, card));
    card.handle.addEventListener("dragend", () => this.#ended());
    this.cards.set(key, card);
    return card;
  }

  #add() {
    const after = this.desk.project?.scenes.length;
    this.desk.change((projects, project) =>
      projects.addScene(project, { narration: "Say something new here.", visuals: "A new picture", beat: "point", after }),
    );
  }

  /**
   * Move a scene by so many places from where it is when its turn comes: keys may be pressed faster than they are answered.
   * @param {SceneCard} card
   * @param {number} by
   */
  async #move(card, by) {
    const made = await this.desk.change((projects, project) => {
      const from = project.scenes.findIndex((scene) => keyOf(scene) === card.key);
      const to = from + by;
      if (from < 0 || to < 0 || to >= project.scenes.length) return null;
      const order = project.scenes.map((scene) => scene.scene_number);
      order.splice(to, 0, ...order.splice(from, 1));
      return projects.arrange(project, order);
    });
    if (card.element.contains(document.activeElement)) card.element.scrollIntoView({ block: "nearest" });
    if (made && card.scene) this.said.textContent = `Now scene ${card.scene.scene_number} of ${this.cards.size}.`;
  }

  /**
   * @param {DragEvent} event
   * @param {SceneCard} card
   */
  #drag(event, card) {
    this.dragged = card;
    event.dataTransfer?.setDragImage(card.element, 20, 20);
    event.dataTransfer?.setData("text/plain", card.scene?.narration || "");
    requestAnimationFrame(() => card.element.classList.add("dragged"));
  }

  /** @param {DragEvent} event */
  #over(event) {
    const card = this.dragged?.element;
    if (!card) return;
    event.preventDefault();
    const others = [...this.list.children].filter((item) => item !== card);
    const next = others.find((item) => event.clientY < item.getBoundingClientRect().top + item.clientHeight / 2);
    if (next !== card.nextElementSibling) this.list.insertBefore(card, next || null);
  }

  /** Put them as they lie now; scenes that came meanwhile follow behind. */
  async #dropped() {
    const keys = [...this.list.children].map((item) => Number(/** @type {HTMLElement} */ (item).dataset.key));
    this.dragged = null;
    const place = (/** @type {ProjectScene} */ scene) => (keys.indexOf(keyOf(scene)) + 1 || keys.length + 1);
    const made = await this.desk.change((projects, project) => {
      const order = [...project.scenes].sort((one, other) => place(one) - place(other)).map((scene) => scene.scene_number);
      return order.some((number, at) => number !== at + 1) ? projects.arrange(project, order) : null;
    });
    if (!made && this.desk.project) this.draw(this.desk.project);
  }

  /** A drag that ended anywhere else changes nothing. */
  #ended() {
    for (const card of this.cards.values()) card.element.classList.remove("dragged");
    const left = this.dragged;
    this.dragged = null;
    if (left && this.desk.project) this.draw(this.desk.project);
  }
}

/**
 * Put items into their order around the one that has the focus: an element that is moved loses it, and what is typed.
 * @param {Element} list
 * @param {Element[]} items
 */
function inOrder(list, items) {
  const still = items.findIndex((item) => item.contains(document.activeElement));
  if (still >= 0) for (let at = still - 1; at >= 0; at--) if (items[at].nextElementSibling !== items[at + 1]) items[at + 1].before(items[at]);
  for (let at = Math.max(0, still + 1); at < items.length; at++) {
    const after = at ? items[at - 1].nextElementSibling : list.firstElementChild;
    if (after !== items[at]) list.insertBefore(items[at], after);
  }
}
