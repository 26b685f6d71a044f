/** The project on the desk: what it is now, and every change to it. */

import { ApiError } from "../client/index.js";

/**
 * @typedef {import("../client/types").Project} Project
 * @typedef {import("../client/types").ProgressFrame} ProgressFrame
 */

const BUSY = ["drafting", "rendering"];
const ASK_MS = 1000;

/** Events: "change" (detail: Project), "progress" (detail: ProgressFrame), "trouble" (detail: text), "gone". */
export class Desk extends EventTarget {
  /**
   * @param {import("../client/index.js").Swipestream} api
   * @param {import("../client/index.js").Stream} stream
   */
  constructor(api, stream) {
    super();
    this.api = api;
    this.stream = stream;
    /** @type {Project | null} */
    this.project = null;
    /** @type {Promise<unknown>} changes are made one after another: each needs the version of the one before */
    this.last = Promise.resolve();
    this.timer = 0;
    stream.addEventListener("frame", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {string} id */
  async open(id) {
    this.leave();
    try {
      this.#take(await this.api.projects.get(id));
    } catch (error) {
      this.#trouble(error);
      this.dispatchEvent(new Event("gone"));
    }
  }

  leave() {
    clearTimeout(this.timer);
    if (this.project?.video_id) this.stream.unwatch(this.project.video_id);
    this.project = null;
  }

  /**
   * Change the project. When it has moved on meanwhile, the change is made to what it is now.
   * @param {(projects: import("../client/projects.js").Projects, project: Project) => Promise<Project | null>} change
   * @returns {Promise<boolean>} whether it was made
   */
  change(change) {
    const done = this.last.then(() => this.#make(change, true));
    this.last = done;
    return done;
  }

  /**
   * The read model follows the log: look again until it shows what was done, for ten seconds at most.
   * @param {(project: Project) => boolean} seen
   */
  async until(seen) {
    for (let turn = 0; turn < 20 && this.project && !seen(this.project); turn++) {
      await new Promise((done) => setTimeout(done, ASK_MS / 2));
      await this.#again();
    }
  }

  /**
   * @param {(projects: import("../client/projects.js").Projects, project: Project) => Promise<Project | null>} change
   * @param {boolean} again
   * @returns {Promise<boolean>}
   */
  async #make(change, again) {
    const { project } = this;
    if (!project) return false;
    try {
      const made = await change(this.api.projects, project);
      if (made && this.project?.project_id === made.project_id) this.#take(made);
      return true;
    } catch (error) {
      if (again && error instanceof ApiError && error.status === 412) {
        this.#take(await this.api.projects.get(project.project_id));
        return this.#make(change, false);
      }
      this.#trouble(error);
      return false;
    }
  }

  /** @param {Project} project */
  #take(project) {
    const before = this.project;
    this.project = project;
    if (project.video_id && project.video_id !== before?.video_id) this.stream.watch(project.video_id);
    this.dispatchEvent(new CustomEvent("change", { detail: project }));
    clearTimeout(this.timer);
    // The read model follows the log: what is under way is asked for until it is over.
    if (BUSY.includes(project.status)) this.timer = setTimeout(() => this.#again(), ASK_MS);
  }

  async #again() {
    const id = this.project?.project_id;
    if (!id) return;
    const found = await this.api.projects.get(id).catch(() => this.project);
    if (found && this.project?.project_id === id) this.#take(found);
  }

  /** @param {any} frame */
  #hear(frame) {
    if (!this.project?.video_id || frame.video_id !== this.project.video_id) return;
    if (frame.type === "progress") this.dispatchEvent(new CustomEvent("progress", { detail: frame }));
    else this.#again();
  }

  /** @param {unknown} error */
  #trouble(error) {
    this.dispatchEvent(new CustomEvent("trouble", { detail: error instanceof Error ? error.message : String(error) }));
  }
}
