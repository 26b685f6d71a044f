/** The scenes of a script, in their order: edited, redone, muted, replaced, taken out, moved by drag and by keys. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { SceneCard } from "./scene.js";

/** @typedef {import("../client/types").Project} Project */

export class Board {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Map<number, SceneCard>} */
    this.cards = new Map();
    this.dragged = 0;
    this.said = h("p", { class: "unseen", "aria-live": "polite" });
    this.list = h("ol", { class: "scenes", "aria-label": "Scenes" });
    this.add = h("button", { type: "button", class: "add", onclick: () => this.#add() }, icon("plus"), "Add a scene");
    this.element = h("section", { class: "board", "aria-label": "Script" }, this.list, this.add, this.said);
    this.list.addEventListener("dragover", (event) => this.#over(event));
    this.list.addEventListener("drop", (event) => (event.preventDefault(), this.#dropped()));
  }

  /** @param {Project} project */
  draw(project) {
    const wanted = project.scenes.map((scene) => scene.scene_number);
    for (const [number, card] of this.cards) if (!wanted.includes(number)) this.#remove(number, card);
    for (const scene of project.scenes) {
      const card = this.cards.get(scene.scene_number) || this.#made(scene.scene_number);
      card.draw(scene, project);
    }
    const items = wanted.map((number) => /** @type {SceneCard} */ (this.cards.get(number)).element);
    items.forEach((item, place) => this.list.children[place] !== item && this.list.insertBefore(item, this.list.children[place] || null));
    this.add.disabled = project.status === "rendering" || project.status === "drafting" || project.scenes.length >= 20;
    this.add.hidden = !project.scenes.length;
  }

  /** @param {number} number */
  #made(number) {
    const card = new SceneCard(number, this.desk, (by) => this.#move(number, by));
    card.handle.addEventListener("dragstart", (event) => this.#drag(event, number, card));
    card.handle.addEventListener("dragend", () => this.#ended());
    this.cards.set(number, card);
    return card;
  }

  /**
   * @param {number} number
   * @param {SceneCard} card
   */
  #remove(number, card) {
    card.element.remove();
    this.cards.delete(number);
  }

  #add() {
    const after = this.desk.project?.scenes.length;
    this.desk.change((projects, project) =>
      projects.addScene(project, { narration: "Say something new here.", visuals: "A new picture", beat: "point", after }),
    );
  }

  /**
   * Move a scene by so many places.
   * @param {number} number
   * @param {number} by
   */
  async #move(number, by) {
    const order = this.desk.project?.scenes.map((scene) => scene.scene_number) || [];
    const [from, to] = [order.indexOf(number), order.indexOf(number) + by];
    if (to < 0 || to >= order.length) return;
    order.splice(to, 0, ...order.splice(from, 1));
    if (!(await this.desk.change((projects, project) => projects.arrange(project, order)))) return;
    this.said.textContent = `Scene ${number} is now scene ${to + 1} of ${order.length}.`;
    this.cards.get(to + 1)?.handle.focus();
  }

  /**
   * @param {DragEvent} event
   * @param {number} number
   * @param {SceneCard} card
   */
  #drag(event, number, card) {
    this.dragged = number;
    event.dataTransfer?.setDragImage(card.element, 20, 20);
    event.dataTransfer?.setData("text/plain", String(number));
    requestAnimationFrame(() => card.element.classList.add("dragged"));
  }

  /** @param {DragEvent} event */
  #over(event) {
    const card = this.cards.get(this.dragged)?.element;
    if (!card) return;
    event.preventDefault();
    const others = [...this.list.children].filter((item) => item !== card);
    const next = others.find((item) => event.clientY < item.getBoundingClientRect().top + item.clientHeight / 2);
    if (next !== card.nextElementSibling) this.list.insertBefore(card, next || null);
  }

  #dropped() {
    const order = [...this.list.children].map((item) => Number(/** @type {HTMLElement} */ (item).dataset.number));
    this.dragged = 0;
    if (order.some((number, place) => number !== place + 1)) this.desk.change((projects, project) => projects.arrange(project, order));
  }

  /** A drag that ended anywhere else changes nothing. */
  #ended() {
    for (const card of this.cards.values()) card.element.classList.remove("dragged");
    if (this.dragged && this.desk.project) this.draw(this.desk.project);
    this.dragged = 0;
  }
}
