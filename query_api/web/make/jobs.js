/** Videos that this viewer has asked for, until they are watched or have failed. Remembered over a reload. */

import { recall, remember } from "../ui/store.js";

/** @typedef {import("../client/types").VideoCard} Card */
/**
 * @typedef {{
 *   id: string, text: string, at: number, state: "making" | "ready" | "failed", fraction: number,
 *   stage?: string, scene_number?: number, scene_count?: number, preview?: string, reason?: string, card?: Card,
 * }} Job
 */

const LAST_MS = 3 * 3600 * 1000;

/** Event: "change" (detail: Job or null). */
export class Jobs extends EventTarget {
  /** @param {import("../client/stream.js").Stream} socket */
  constructor(socket) {
    super();
    this.socket = socket;
    const kept = /** @type {Job[]} */ (recall("jobs", []));
    this.jobs = kept.filter((job) => Date.now() - job.at < LAST_MS);
    for (const job of this.jobs) if (job.state === "making") socket.videos.add(job.id);
    socket.addEventListener("frame", (event) => this.hear(/** @type {CustomEvent} */ (event).detail));
  }

  get making() {
    return this.jobs.filter((job) => job.state === "making");
  }

  /**
   * @param {string} id
   * @param {string} text
   */
  add(id, text) {
    if (this.jobs.some((job) => job.id === id)) return;
    this.jobs.unshift({ id, text, at: Date.now(), state: "making", fraction: 0 });
    this.jobs.length = Math.min(this.jobs.length, 12);
    this.socket.watch(id);
    this.#keep(null);
  }

  /** @param {any} frame */
  hear(frame) {
    const job = this.jobs.find((item) => item.id === frame.video_id);
    if (!job || job.state === "ready" || frame.revision > 1) return; // a later revision is the studio's
    if (frame.type === "progress") Object.assign(job, told(frame), { preview: frame.preview || job.preview });
    else if (frame.type === "video") Object.assign(job, { state: "ready", fraction: 1, card: frame.card });
    else if (frame.type === "failed" || frame.type === "rejected")
      Object.assign(job, { state: "failed", reason: frame.reason, stage: frame.stage });
    else return;
    if (job.state !== "making") this.socket.unwatch(job.id);
    this.#keep(job);
  }

  /** @param {string} id */
  drop(id) {
    this.jobs = this.jobs.filter((job) => job.id !== id);
    this.socket.unwatch(id);
    this.#keep(null);
  }

  /** @param {Job | null} job */
  #keep(job) {
    remember("jobs", this.jobs.map(({ preview, ...rest }) => rest));
    this.dispatchEvent(new CustomEvent("change", { detail: job }));
  }
}

/** @param {import("../client/types").ProgressFrame} frame */
function told({ fraction, stage, scene_number, scene_count }) {
  return { fraction, stage, scene_number, scene_count };
}
