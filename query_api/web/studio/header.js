/** The head of a project: what holds for the whole video, where it stands, and what can be done next. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { sentence } from "../feed/labels.js";
import { Model } from "./model.js";
import { count, price, seconds, told } from "./words.js";

/**
 * @typedef {import("../client/types").Flavor} Flavor
 * @typedef {import("../client/types").Project} Project
 */

const MOODS = ["calm", "upbeat", "curious", "playful", "dreamy", "tense", "dark", "epic"];

export class Header {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.title = h("input", { class: "title", "aria-label": "Title", maxLength: 120, onchange: () => this.#edit({ title: this.title.value.trim() }) });
    this.heading = h("h1", { class: "unseen" });
    this.idea = h("p", { class: "idea-text" });
    this.status = h("span", { class: "status" });
    this.facts = h("span", { class: "facts" });
    this.flavor = h("select", { onchange: () => this.#edit({ flavor: this.flavor.value }) });
    this.voice = h("input", { placeholder: "the style's own", maxLength: 100, onchange: () => this.#edit({ voice: this.voice.value.trim() || null }) });
    this.mood = h("select", { onchange: () => this.#edit({ mood: this.mood.value }) });
    this.model = new Model("the style's own", (told) => this.#edit(told));
    this.reason = h("p", { class: "error", role: "alert" });
    this.draft = this.#action("retry", "Another draft", () => desk.change((projects, project) => projects.draft(project)));
    this.approve = this.#action("check", "Approve", () => desk.change((projects, project) => projects.approve(project)));
    this.render = this.#action("spark", "Render", () => desk.change(rendered));
    this.render.className = this.approve.className = "main";
    this.draft.className = "plain";
    this.element = h(
      "header",
      { class: "project-head" },
      this.heading,
      h("div", { class: "head-row" }, this.title, h("div", { class: "actions" }, this.draft, this.approve, this.render)),
      h("div", { class: "head-row small" }, this.status, this.facts),
      this.idea,
      h("div", { class: "choices" }, field("Style", this.flavor), field("Voice", this.voice), field("Music", this.mood)),
      this.model.element,
      this.reason,
    );
  }

  /** @param {Flavor[]} flavors */
  offer(flavors) {
    this.flavor.replaceChildren(...flavors.map(({ name, title }) => h("option", { value: name }, title || sentence(name))));
  }

  /** @param {Project} project */
  draw(project) {
    const locked = project.status === "drafting";
    const written = project.scenes.length > 0;
    this.heading.textContent = project.title || project.text;
    if (document.activeElement !== this.title) this.title.value = project.title || project.text;
    this.idea.textContent = project.title && project.title !== project.text ? `“${project.text}”` : "";
    this.status.textContent = told(project.status);
    this.status.dataset.status = project.status;
    this.facts.textContent = [written && count(project.scenes.length, "scene"), written && `${seconds(project)} s`, `${price(project.cost)} so far`].filter(Boolean).join(" · ");
    choose(this.flavor, project.flavor);
    if (document.activeElement !== this.voice) this.voice.value = project.voice || "";
    if (!this.mood.options.length) this.mood.replaceChildren(...MOODS.map((mood) => h("option", { value: mood }, sentence(mood))));
    choose(this.mood, project.mood || "calm");
    for (const control of [this.title, this.flavor, this.voice, this.mood]) control.disabled = locked || !written;
    this.model.draw(project, this.desk.flavor(project.flavor), locked || !written);
    this.reason.textContent = project.reason || "";
    this.#drawActions(project, locked, written);
  }

  /**
   * Only what makes sense now: approve what was changed, then render it. What is changed while it is rendered is rendered
   * instead, at once: who does that is in a hurry.
   * @param {Project} project
   * @param {boolean} locked
   * @param {boolean} written
   */
  #drawActions(project, locked, written) {
    const again = project.scenes.filter((scene) => scene.changed).length;
    const rendering = project.status === "rendering";
    const changed = again > 0 || !(rendering || (project.revisions.length && project.status === "rendered"));
    this.draft.disabled = locked || rendering;
    this.approve.hidden = project.approved || rendering;
    this.approve.disabled = locked || !written || !changed;
    this.render.hidden = !changed || !(project.approved || rendering);
    this.render.disabled = locked || !changed;
    this.render.replaceChildren(icon("spark"), wording(project, again, rendering));
  }

  /** @param {Record<string, any>} changes */
  #edit(changes) {
    return this.desk.change((projects, project) => projects.edit(project, changes));
  }

  /**
   * @param {import("../ui/icons.js").IconName} name
   * @param {string} title
   * @param {() => void} act
   */
  #action(name, title, act) {
    return h("button", { type: "button", onclick: act }, icon(name), title);
  }
}

/**
 * @param {import("../client/projects.js").Projects} projects
 * @param {Project} project
 */
const rendered = async (projects, project) => projects.render(project.approved ? project : await projects.approve(project));

/**
 * @param {string} title
 * @param {HTMLElement} control
 */
const field = (title, control) => h("label", {}, h("span", {}, title), control);

/**
 * Choose a value, though the list may not have it.
 * @param {HTMLSelectElement} select
 * @param {string} value
 */
function choose(select, value) {
  if (![...select.options].some((option) => option.value === value)) select.append(h("option", { value }, sentence(value)));
  select.value = value;
}

/**
 * @param {Project} project
 * @param {number} again scenes that differ from the newest revision
 * @param {boolean} rendering
 */
function wording(project, again, rendering) {
  if (rendering) return "Render instead";
  if (project.status === "render_failed") return "Try again";
  return project.revisions.length && again < project.scenes.length ? `Render ${count(again, "scene")}` : "Render";
}
