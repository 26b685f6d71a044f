/** Puts the studio together: which view the address asks for, and the project on the desk. */

import { api } from "./api.js";
import { Badge } from "../live/badge.js";
import { byId, h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { toast } from "../ui/toasts.js";
import { ago } from "../feed/labels.js";
import { Begin } from "./begin.js";
import { Board } from "./board.js";
import { Desk } from "./desk.js";
import { Figures } from "./figures.js";
import { Header } from "./header.js";
import { lineage } from "./lineage.js";
import { Screen } from "./screen.js";

await api.signIn();
const stream = api.stream();
const badge = new Badge(stream);
const desk = new Desk(api, stream);
const [header, board, screen, figures] = [new Header(desk), new Board(desk), new Screen(desk), new Figures(api)];
const begin = new Begin(api, (id) => (location.hash = `#/p/${id}`));
/** @type {Set<string>} thrown away; the list may not know it yet */
const thrown = new Set();
const [view, list] = [byId("view"), byId("projects")];
const origins = h("details", { class: "origins" }, h("summary", {}, "Where it came from"), h("div", {}));
const close = h("button", { type: "button", class: "quiet-button", onclick: () => throwAway() }, icon("bin"), "Throw this project away");
const working = h("div", { class: "working" }, header.element, h("div", { class: "columns" }, board.element, h("div", { class: "aside" }, screen.element, origins, close)));

/** What the address asks for. */
async function route() {
  const [, kind, id] = location.hash.split("/");
  figures.leave();
  if (kind !== "p") desk.leave();
  if (kind === "p" && id) await desk.open(id);
  else if (kind === "system") show(figures.element, "System"), figures.open();
  else show(begin.element, "New project");
  mark();
}

/**
 * @param {HTMLElement} element
 * @param {string} title
 */
function show(element, title) {
  document.title = `${title} · Swipestream`;
  if (view.firstElementChild !== element) view.replaceChildren(element);
}

/** @param {import("../client/types").Project} project */
function draw(project) {
  show(working, project.title || project.text);
  header.draw(project);
  board.draw(project);
  screen.draw(project);
  working.classList.toggle("drafting", project.status === "drafting");
  origins.hidden = !project.video_id;
  if (origins.open) drawOrigins();
}

async function drawOrigins() {
  const id = desk.project?.video_id;
  if (!id) return;
  const { events } = await api.call(`/v1/videos/${id}/events`).catch(() => ({ events: [] }));
  const nodes = events.map((/** @type {any} */ event) => ({ id: event.id, type: event.type, cause: event.causation_id || null, ts_us: event.ts_us, label: labelled(event.data) }));
  origins.lastElementChild?.replaceWith(h("div", {}, lineage(nodes)));
}

/** @param {any} data */
const labelled = (data) => (data.scene_number ? `scene ${data.scene_number}` : data.backend || data.writer || data.title || data.flavor || "");

/** @type {Map<string, Pick<import("../client/types").ProjectTitle, "project_id" | "title" | "text" | "changed_at">>} */
const titles = new Map();

/** Fetch the list; what is on the desk is known better, and perhaps not in the list yet. */
async function fetchList() {
  const projects = await api.projects.list().catch(() => []);
  for (const project of projects) if (!thrown.has(project.project_id)) titles.set(project.project_id, project);
  drawList();
}

function drawList() {
  if (desk.project) titles.set(desk.project.project_id, desk.project);
  const newest = [...titles.values()].sort((one, other) => Date.parse(other.changed_at) - Date.parse(one.changed_at));
  const items = newest.map(({ project_id, title, text, changed_at }) =>
    h("li", {}, h("a", { href: `#/p/${project_id}`, "data-id": project_id }, h("strong", {}, title || text), h("small", {}, ago(changed_at)))),
  );
  list.replaceChildren(...(items.length ? items : [h("li", { class: "quiet" }, "No projects yet.")]));
  mark();
}

/** The link of what is shown says so. */
function mark() {
  const here = location.hash || "#/new";
  for (const link of document.querySelectorAll(".rail-nav a[href^='#']"))
    if (link.getAttribute("href") === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
}

async function throwAway() {
  if (!confirm("Throw this project away? What it published stays.")) return;
  const id = desk.project?.project_id || "";
  if (!(await desk.change((projects, project) => projects.close(project)))) return;
  thrown.add(id);
  titles.delete(id);
  desk.leave();
  location.hash = "#/new";
  drawList();
}

/**
 * @param {EventTarget} source
 * @param {string} name
 * @param {(detail: any) => void} act
 */
const on = (source, name, act) => source.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));

let listed = "";
on(desk, "change", (project) => {
  draw(project);
  const key = `${project.project_id} ${project.version}`;
  if (key !== listed) drawList();
  listed = key;
});
on(desk, "progress", (told) => screen.progress(told));
on(desk, "trouble", (text) => toast(text, "error"));
on(desk, "gone", () => (location.hash = "#/new"));
origins.addEventListener("toggle", () => origins.open && drawOrigins());
addEventListener("hashchange", route);
byId("new").append(icon("plus"), h("span", {}, "New project"));
byId("system-link").append(icon("gauge"), h("span", {}, "System"));

stream.open();
api.flavors().then(({ flavors }) => (header.offer(flavors), begin.offer(flavors), desk.know(flavors)), () => {});
await Promise.all([route(), fetchList()]);

export { badge, desk };
