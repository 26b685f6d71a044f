/** How good what is made is: medians by model and flavor, and scenes that were far off what is usual. */

import { h } from "../ui/dom.js";

/** @type {[string, string, number, string][]} figure, heading, digits, what it is */
const COLUMNS = [
  ["sharpness", "Sharpness", 0, "Variance of the Laplacian: little is blurred, much is noise"],
  ["flicker", "Flicker", 2, "Levels that come and go from frame to frame"],
  ["psnr_db", "PSNR dB", 1, "Against the draft of the same scene"],
  ["ssim", "SSIM", 3, "Against the draft of the same scene"],
];
const NAMES = /** @type {Record<string, string>} */ ({ psnr_db: "PSNR", ssim: "SSIM", seconds: "seconds", amount: "cost", sharpness: "sharpness", flicker: "flicker" });

export class Quality {
  constructor() {
    this.table = h("div", { class: "quality", tabindex: "0", role: "region", "aria-label": "Quality, medians" });
    this.odd = h("ul", { class: "odd" });
    this.element = h("div", {}, h("h2", {}, "Quality, medians of the last scenes"), this.table, this.odd);
  }

  /** @param {{ groups: any[], anomalies: any[] }} quality */
  draw({ groups, anomalies }) {
    this.element.hidden = !groups.length;
    const columns = COLUMNS.filter(([name]) => groups.some((group) => group[name] != null));
    const far = groups.some((group) => group.distance);
    const heads = [h("th", { scope: "col" }, "Made by"), h("th", { scope: "col" }, "Scenes"), h("th", { scope: "col" }, "Odd"), ...columns.map(([, title, , what]) => h("th", { scope: "col", title: what }, title))];
    if (far) heads.push(h("th", { scope: "col", title: "Fréchet video distance from a reference; 0 is the same" }, "FVD"));
    this.table.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...groups.map((group) => row(group, columns, far)))));
    this.odd.replaceChildren(...anomalies.map(anomaly));
  }
}

/**
 * @param {any} group
 * @param {[string, string, number, string][]} columns
 * @param {boolean} far
 */
function row(group, columns, far) {
  const cells = [h("td", {}, number(group.scenes, 0)), h("td", group.odd ? { class: "bad" } : {}, number(group.odd, 0)), ...columns.map(([name, , digits]) => h("td", {}, number(group[name], digits)))];
  if (far) cells.push(h("td", group.distance?.usual == null ? {} : { class: "bad" }, distance(group.distance)));
  return h("tr", {}, h("th", { scope: "row" }, group.name, h("small", {}, group.group)), ...cells);
}

/** @param {{ distance: number, usual?: number | null } | null | undefined} found */
const distance = (found) => (found ? number(found.distance, 1) + (found.usual == null ? "" : ` (usual ${number(found.usual, 1)})`) : "–");

/** @param {any} odd */
const anomaly = (odd) =>
  h("li", {}, h("strong", {}, "Odd"), h("a", { href: `../#/v/${odd.video_id}` }, `scene ${odd.scene_number} by ${odd.model}`), h("span", {}, odd.outliers.map(outlier).join(", ")));

/** @param {{ figure: string, value: number, typical: number }} one */
const outlier = ({ figure, value, typical }) => `${NAMES[figure] || figure} ${brief(value)}, usual ${brief(typical)}`;

/** @param {number} value */
const brief = (value) => new Intl.NumberFormat([], { maximumSignificantDigits: 3 }).format(value);

/**
 * @param {number | null | undefined} value
 * @param {number} digits
 */
const number = (value, digits) => (value == null ? "–" : new Intl.NumberFormat([], { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value));
