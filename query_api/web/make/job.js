/** How a video in the making looks: in the sheet, at the side, and on the empty stage. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { doing, steps } from "../live/stages.js";

/** @typedef {import("./jobs.js").Job} Job */

/**
 * @param {Job} job
 * @param {{ onWatch?: () => void, onDrop?: () => void }} [can]
 */
export function jobCard(job, { onWatch, onDrop } = {}) {
  return h(
    "article",
    { class: `job ${job.state}`, "data-id": job.id, "aria-label": job.text },
    picture(job),
    h(
      "div",
      { class: "job-words" },
      h("h3", {}, job.card?.title || job.text),
      h("p", { class: "doing" }, said(job)),
      job.state === "making" && bar(job.fraction),
      job.state === "making" && ladder(job),
      job.card && onWatch && h("button", { type: "button", class: "main small", onclick: onWatch }, "Watch it"),
    ),
    onDrop && job.state !== "making" && h("button", { type: "button", class: "drop", "aria-label": "Remove from the list", onclick: onDrop }, icon("close")),
  );
}

/** @param {Job} job */
function said(job) {
  if (job.state === "ready") return job.reason || "Ready";
  if (job.state === "failed") return job.reason || "It could not be made.";
  return `${job.revision ? `Revision ${job.revision}: ` : ""}${doing(job)} · ${Math.round(job.fraction * 100)} %`;
}

/** @param {Job} job */
function picture(job) {
  const source = (job.preview && `data:image/jpeg;base64,${job.preview}`) || job.card?.media.cover;
  const inner = source ? h("img", { src: source, alt: "" }) : icon(job.state === "failed" ? "warning" : "spark");
  return h("div", { class: "job-picture" }, inner);
}

/** @param {number} fraction */
function bar(fraction) {
  const percent = Math.round(fraction * 100);
  const done = h("div", { class: "done" });
  done.style.transform = `scaleX(${fraction})`;
  return h("div", { class: "bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(percent) }, done);
}

/** @param {Job} job */
function ladder(job) {
  const items = steps(job.stage, false).map((step) => h("li", { class: step.state, "aria-current": step.state === "now" ? "step" : null }, step.text));
  return h("ol", { class: "ladder" }, ...items);
}
