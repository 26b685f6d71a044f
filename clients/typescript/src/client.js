/** The client: what one can ask of Swipestream. */

import { follow } from "./following.js";
import { Projects } from "./projects.js";
import { Viewing } from "./viewing.js";

/**
 * @typedef {import("./types").Options} Options
 * @typedef {import("./types").Step} Step
 * @typedef {import("./types").StreamOptions} StreamOptions
 */

export class Swipestream extends Viewing {
  /** @param {Options} [options] */
  constructor(options) {
    super(options);
    this.projects = new Projects(this);
  }

  /**
   * How far a video is, until it can be watched. Throws ApiError (409) when it never will.
   * @param {string} id
   * @param {{ stream?: StreamOptions, signal?: AbortSignal }} [options]
   * @returns {AsyncGenerator<Step>}
   */
  follow(id, options) {
    return follow(this, id, options);
  }
}
