/** Videos that this viewer has asked for, until they are watched or have failed. Remembered over a reload. */

import { recall, remember } from "../ui/store.js";

/** @typedef {import("../client/types").VideoCard} Card */
/**
 * @typedef {{
 *   id: string, text: string, at: number, state: "making" | "ready" | "failed", fraction: number,
 *   stage?: string, scene_number?: number, scene_count?: number, left_s?: number, preview?: string, reason?: string, card?: Card,
 *   revision?: number,
 * }} Job
 */

const LAST_MS = 3 * 3600 * 1000;

/** Event: "change" (detail: Job or null). */
export class Jobs extends EventTarget {
  /** @param {import("../client/stream.js").Stream} socket */
  constructor(socket) {
    super();
    this.socket = socket;
    /** @type {Card | null} what is shown */
    this.followed = null;
    const kept = /** @type {Job[]} */ (recall("jobs", []));
    this.jobs = kept.filter((job) => Date.now() - job.at < LAST_MS);
    for (const job of this.jobs) if (job.state !== "failed") socket.watch(job.id);
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

  /**
   * What is shown and is this viewer's may be made once more, by whatever hand: listen to that.
   * @param {Card | null} card
   */
  follow(card) {
    if (this.followed && !this.jobs.some((job) => job.id === this.followed?.video_id)) this.socket.unwatch(this.followed.video_id);
    this.followed = card;
    if (card) this.socket.watch(card.video_id);
  }

  /** @param {any} frame */
  hear(frame) {
    const job = this.jobs.find((item) => item.id === frame.video_id) || this.#again(frame);
    if (!job || !(ended(job, frame) || (later(job, frame) ? revised(job, frame) : made(job, frame)))) return;
    if (job.state === "failed") this.socket.unwatch(job.id);
    this.#keep(job);
  }

  /**
   * A later revision of the video that is shown has begun to be made.
   * @param {any} frame
   * @returns {Job | null}
   */
  #again({ type, video_id, revision }) {
    const card = this.followed;
    if (type !== "progress" || !card || video_id !== card.video_id || revision <= card.revision) return null;
    this.jobs.unshift({ id: video_id, text: card.title, at: Date.now(), state: "ready", fraction: 1, card });
    this.jobs.length = Math.min(this.jobs.length, 12);
    return this.jobs[0];
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

/**
 * Whether a frame tells of a revision that is made beside what can be watched.
 * @param {Job} job
 * @param {any} frame
 */
const later = (job, { type, revision }) => type === "revision" || (job.card && revision > job.card.revision);

/**
 * What a frame changes in a job; false: nothing.
 * @param {Job} job
 * @param {any} frame
 */
function made(job, frame) {
  if (frame.type === "video") return (job.card?.revision ?? 0) < frame.card.revision && Object.assign(job, READY, { card: frame.card });
  if (job.card || frame.revision !== (job.revision ?? 1)) return false; // it can be watched, and what was told of it is over
  if (frame.type === "progress") return Object.assign(job, told(frame), { preview: frame.preview || job.preview });
  if (frame.type !== "failed" && frame.type !== "rejected") return false;
  return Object.assign(job, { state: "failed", reason: frame.reason, stage: frame.stage });
}

/**
 * What was given up, or taken back, before it could be watched. Where another revision is made in its place, the same job
 * goes on with that one.
 * @param {Job} job
 * @param {any} frame
 */
function ended(job, { type, status, revision, overtaken_by, reason }) {
  if (job.state !== "making" || (type !== "withdrawn" && type !== "revision") || status === "ready") return false;
  if (type === "revision" && revision !== (job.revision ?? 1)) return false;
  if (type === "withdrawn" && revision < (job.revision ?? 1)) return false;
  if (overtaken_by) return Object.assign(job, { revision: overtaken_by, fraction: 0, stage: undefined, preview: undefined });
  if (job.card && type === "revision") return false; // that can still be watched
  return Object.assign(job, { state: "failed", card: undefined, reason: reason || (type === "withdrawn" ? "It was taken back." : undefined) });
}

/** What can be watched, and nothing is made beside it. */
const READY = { state: "ready", fraction: 1, revision: undefined, reason: undefined, preview: undefined };

/**
 * The same of a later revision: until it is promoted, what can be watched stays what it was.
 * @param {Job} job
 * @param {any} frame
 */
function revised(job, frame) {
  if (frame.type === "progress") return Object.assign(job, told(frame), { state: "making", revision: frame.revision, preview: frame.preview || job.preview });
  if (frame.type !== "revision" || frame.revision < (job.revision ?? 0)) return false;
  return job.card && Object.assign(job, READY, { reason: `Revision ${frame.revision} ${ENDED[frame.status]}${frame.reason ? ` ${frame.reason}` : ""}` });
}

/** @type {Record<string, string>} */
const ENDED = { ready: "is ready to be looked at in the studio.", failed: "could not be made.", rejected: "was not allowed.", dropped: "was dropped." };

/** @param {import("../client/types").ProgressFrame} frame */
function told({ fraction, stage, scene_number, scene_count, left_s }) {
  return { fraction, stage, scene_number, scene_count, left_s };
}
