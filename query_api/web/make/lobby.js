/** The empty stage: the first videos are being made, and one can see how far they are. */

import { byId, h } from "../ui/dom.js";
import { jobCard } from "./job.js";

/** @typedef {import("./jobs.js").Job} Job */

export class Lobby {
  /**
   * @param {import("../client/stream.js").Stream} socket
   * @param {() => void} onMake
   */
  constructor(socket, onMake) {
    this.onMake = onMake;
    this.element = byId("empty");
    /** @type {Map<string, Job>} */
    this.jobs = new Map();
    /** @type {string | null} */
    this.trouble = null;
    this.open = false;
    socket.addEventListener("frame", (event) => this.open && this.hear(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {boolean} open */
  show(open) {
    if (open === this.open) return;
    this.open = open;
    this.element.hidden = !open;
    if (open) this.#draw();
    else this.jobs.clear();
  }

  /** @param {string | null} text */
  say(text) {
    this.trouble = text;
    if (this.open) this.#draw();
  }

  /** @param {any} frame */
  hear(frame) {
    if (gone(frame)) return this.jobs.delete(frame.video_id) && this.#draw();
    if (!["accepted", "progress", "failed", "rejected"].includes(frame.type)) return;
    /** @type {Job} */
    const known = this.jobs.get(frame.video_id) || { id: frame.video_id, text: "A new video", at: 0, state: "making", fraction: 0 };
    /** @type {Job} */
    const job = { ...known, ...picked(frame), preview: frame.preview || known.preview };
    if (frame.type === "failed" || frame.type === "rejected") job.state = "failed";
    this.jobs.set(frame.video_id, job);
    this.#draw();
  }

  #draw() {
    const jobs = [...this.jobs.values()].sort((one, other) => other.fraction - one.fraction).slice(0, 4);
    this.element.replaceChildren(
      h("div", { class: "orb", "aria-hidden": "true" }),
      h("h2", {}, this.trouble ? "The server is away" : "Your first videos are being made"),
      h("p", {}, this.trouble ? "This page goes on trying; there is nothing you need to do." : "They start to play here as soon as they are ready."),
      h("div", { class: "jobs" }, ...jobs.map((job) => jobCard(job))),
      !this.trouble ? h("button", { type: "button", class: "main", onclick: this.onMake }, "Ask for one of your own") : "",
    );
  }
}

/**
 * Whether nothing more is to be seen of what was being made: what takes its place, if anything, tells of itself.
 * @param {any} frame
 */
const gone = ({ type, status }) => type === "withdrawn" || (type === "revision" && status !== "ready");

/** @param {any} frame */
function picked({ title, text, fraction, stage, reason, scene_number, scene_count, left_s }) {
  const told = { text: title || text, fraction, stage, reason, scene_number, scene_count, left_s };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}
