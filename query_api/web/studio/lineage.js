/** Where a video came from and what came of it, as a picture: time runs to the right, every event hangs on its cause. */

import { h } from "../ui/dom.js";

/**
 * @typedef {{ id: string, type: string, cause: string | null, ts_us: number, label: string }} Node
 */

const [WIDE, HIGH, GAP_X, GAP_Y] = [176, 50, 34, 12];
const SPACE = "http://www.w3.org/2000/svg";
const TONES = [
  [/Rejected|Failed|Withdrawn|Dropped|Stopped/, "bad"],
  [/Published|Promoted/, "good"],
  [/Swipe|Prompt|Revision|Replay/, "asked"],
  [/Feed/, "seen"],
];

/**
 * Columns by distance from the first cause, rows so that no line crosses a box.
 * @param {Node[]} nodes oldest first
 * @returns {{ node: Node, x: number, y: number, parent: number }[]} places in units of one box
 */
export function arrange(nodes) {
  const ids = new Map(nodes.map((node, place) => [node.id, place]));
  /** @type {number[][]} */
  const children = nodes.map(() => []);
  /** @type {number[]} */
  const roots = [];
  nodes.forEach((node, place) => {
    const parent = node.cause ? ids.get(node.cause) : undefined;
    if (parent === undefined || parent === place) roots.push(place);
    else children[parent].push(place);
  });
  /** @type {{ node: Node, x: number, y: number, parent: number }[]} */
  const placed = [];
  let row = 0;
  const seen = new Set();
  const put = (/** @type {number} */ place, /** @type {number} */ x, /** @type {number} */ parent) => {
    if (seen.has(place)) return;
    seen.add(place);
    const own = placed.push({ node: nodes[place], x, y: row, parent }) - 1;
    children[place].forEach((child, index) => {
      if (index) row += 1;
      put(child, x + 1, own);
    });
  };
  for (const root of roots) {
    put(root, 0, -1);
    row += 1;
  }
  return placed;
}

/**
 * @param {Node[]} nodes
 * @returns {HTMLElement}
 */
export function lineage(nodes) {
  if (!nodes.length) return h("p", { class: "quiet" }, "Nothing has happened yet.");
  const placed = arrange(nodes);
  const start = Math.min(...nodes.map((node) => node.ts_us));
  const wide = (Math.max(...placed.map((one) => one.x)) + 1) * (WIDE + GAP_X) - GAP_X + 2;
  const high = (Math.max(...placed.map((one) => one.y)) + 1) * (HIGH + GAP_Y) - GAP_Y + 2;
  const svg = draw("svg", { viewBox: `-1 -1 ${wide} ${high}`, width: wide, height: high, role: "img", "aria-label": "What caused what" });
  for (const one of placed) if (one.parent >= 0) svg.append(line(placed[one.parent], one));
  for (const one of placed) svg.append(box(one, start));
  return h("div", { class: "lineage", tabindex: 0, role: "region", "aria-label": "Lineage" }, /** @type {any} */ (svg));
}

/**
 * @param {{ x: number, y: number }} from
 * @param {{ x: number, y: number }} to
 */
function line(from, to) {
  const [x1, y1] = [from.x * (WIDE + GAP_X) + WIDE, from.y * (HIGH + GAP_Y) + HIGH / 2];
  const [x2, y2] = [to.x * (WIDE + GAP_X), to.y * (HIGH + GAP_Y) + HIGH / 2];
  const bend = x1 + GAP_X / 2;
  return draw("path", { class: "edge", d: `M${x1} ${y1} H${bend} V${y2} H${x2}` });
}

/**
 * @param {{ node: Node, x: number, y: number }} one
 * @param {number} start
 */
function box({ node, x, y }, start) {
  const tone = TONES.find(([pattern]) => /** @type {RegExp} */ (pattern).test(node.type))?.[1] || "step";
  const group = draw("g", { class: `event ${tone}`, transform: `translate(${x * (WIDE + GAP_X)} ${y * (HIGH + GAP_Y)})` });
  const title = draw("title", {});
  title.textContent = `${node.type} ${node.id}\n${node.label}`;
  const name = draw("text", { x: 12, y: 21, class: "name" });
  name.textContent = words(node.type);
  const more = draw("text", { x: 12, y: 38, class: "more" });
  more.textContent = cut(`+${((node.ts_us - start) / 1e6).toFixed(1)} s ${node.label}`, 28);
  group.append(title, draw("rect", { width: WIDE, height: HIGH, rx: 12 }), name, more);
  return group;
}

/** @param {string} type `SceneRendered` → `Scene rendered` */
const words = (type) => type.replace(/(?!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);

/**
 * @param {string} text
 * @param {number} most
 */
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function draw(tag, attributes) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
