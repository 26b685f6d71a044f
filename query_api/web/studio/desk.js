/** The project on the desk: what it is now, and every change to it. */

import { ApiError } from "../client/index.js";

/**
 * @typedef {import("../client/types").Flavor} Flavor
 * @typedef {import("../client/types").Project} Project
 * @typedef {import("../client/types").ProgressFrame} ProgressFrame
 * @typedef {(projects: import("../client/projects.js").Projects, project: Project) => Promise<Project | null> | null} Change
 */

const BUSY = ["drafting", "rendering"];
const ASK_MS = 1000;
/** A change that found no answer is made again so many times: what was typed must not be lost to a hiccup. */
export const TRIES = 4;

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
    /** @type {string | null} the project that the address asks for */
    this.wanted = null;
    /** how often the desk was cleared */
    this.turn = 0;
    /** @type {Promise<unknown>} changes are made one after another: each needs the version of the one before */
    this.last = Promise.resolve();
    /** @type {Promise<void>} questions, too: an answer that was overtaken would turn back what is shown */
    this.looking = Promise.resolve();
    this.timer = 0;
    /** @type {Flavor[]} */
    this.flavors = [];
    stream.addEventListener("frame", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {string} id */
  async open(id) {
    this.leave();
    this.wanted = id;
    const turn = this.turn;
    try {
      const found = await this.api.projects.get(id);
      if (this.turn === turn) this.#take(found);
    } catch (error) {
      if (this.turn !== turn) return; // another one, or this one again, was asked for meanwhile
      this.#trouble(error instanceof ApiError && error.status === 404 ? "That project is not there." : error);
      this.dispatchEvent(new Event("gone"));
    }
  }

  /** @param {Flavor[]} flavors there are */
  know(flavors) {
    this.flavors = flavors;
    if (this.project) this.dispatchEvent(new CustomEvent("change", { detail: this.project }));
  }

  /** @param {string} name */
  flavor(name) {
    return this.flavors.find((flavor) => flavor.name === name);
  }

  leave() {
    clearTimeout(this.timer);
    if (this.project?.video_id) this.stream.unwatch(this.project.video_id);
    this.wanted = this.project = null;
    this.turn++;
  }

  /**
   * Change a project: the one that is on the desk now, though another one may be there when its turn comes. When it has
   * moved on meanwhile, the change is made to what it is then; a change that has become pointless answers null.
   * @param {Change} change
   * @param {string} [id]
   * @returns {Promise<boolean>} whether it was made
   */
  change(change, id = this.project?.project_id) {
    if (!id) return Promise.resolve(false);
    const done = this.last.then(() => this.#made(id, change));
    this.last = done;
    return done;
  }

  /**
   * The read model follows the log: look again until it shows what was done, for ten seconds at most.
   * @param {(project: Project) => boolean} seen
   */
  async until(seen) {
    for (let turn = 0; turn < 20 && this.project && !seen(this.project); turn++) {
      await pause(ASK_MS / 2);
      await this.#again();
    }
  }

  /**
   * @param {string} id
   * @param {Change} change
   * @returns {Promise<boolean>}
   */
  async #made(id, change) {
    try {
      const made = await this.#make(id, change);
      if (made) this.#take(made);
      return true;
    } catch (error) {
      this.#trouble(error);
      return false;
    }
  }

  /**
   * @param {string} id
   * @param {Change} change
   */
  async #make(id, change) {
    let [project, unclear] = [this.#shown(id) || (await this.api.projects.get(id)), false];
    for (let turn = 1; ; turn++) {
      try {
        return await change(this.api.projects, project);
      } catch (error) {
        if (!(error instanceof ApiError) || turn === TRIES || !(error.passing || error.status === 412)) throw error;
        if (error.passing) await pause(Math.max(error.retryMs, 250 * 2 ** turn));
        const found = error.passing ? project : await this.api.projects.get(id);
        // The answer was lost, not the change: the log had it already.
        if (unclear && found.version === project.version + 1) return found;
        unclear ||= error.passing;
        project = found;
      }
    }
  }

  /** @param {string} id */
  #shown(id) {
    return this.project?.project_id === id ? this.project : null;
  }

  /** @param {Project} found shown where it is the one that is asked for; what is shown already may be newer */
  #take(found) {
    if (found.project_id !== this.wanted) return;
    const before = this.#shown(found.project_id);
    const project = before && before.version > found.version ? before : found;
    this.project = project;
    if (project.video_id && project.video_id !== before?.video_id) this.stream.watch(project.video_id);
    this.dispatchEvent(new CustomEvent("change", { detail: project }));
    clearTimeout(this.timer);
    // The read model follows the log: what is under way is asked for until it is over.
    if (BUSY.includes(project.status)) this.timer = setTimeout(() => this.#again(), ASK_MS);
  }

  #again() {
    this.looking = this.looking.then(() => this.#look());
    return this.looking;
  }

  async #look() {
    const id = this.wanted;
    if (!id || !this.#shown(id)) return;
    const found = await this.api.projects.get(id).catch(() => this.#shown(id));
    if (found) this.#take(found);
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

/** @param {number} ms */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
