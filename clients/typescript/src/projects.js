/** Projects: from a draft script, edited scene by scene, to a video and its revisions. */

/**
 * @typedef {import("./types").Chart} Chart
 * @typedef {import("./types").FootageChoice} FootageChoice
 * @typedef {import("./types").Project} Project
 * @typedef {import("./types").ProjectTitle} ProjectTitle
 * @typedef {import("./types").Style} Style
 * @typedef {import("./types").Upload} Upload
 */

/**
 * Every change names the version of the project that it is meant for: ApiError 412 says that the project has moved on.
 * Fetch it, look, and try again. Each answers with the whole project.
 */
export class Projects {
  /** @param {import("./client.js").Swipestream} api */
  constructor(api) {
    this.api = api;
  }

  /** @returns {Promise<ProjectTitle[]>} changed last first */
  async list() {
    return (await this.api.call("/v1/projects")).projects;
  }

  /**
   * Without a script of your own, one is drafted.
   * @param {{ text: string, flavor?: string, archetype?: string, target_seconds?: number, voice?: string, footage?: FootageChoice[] }} idea
   * @param {string} [key] the same key never opens a second project
   * @returns {Promise<Project>}
   */
  open(idea, key) {
    return this.api.post("/v1/projects", idea, key ? { headers: { "Idempotency-Key": key } } : {});
  }

  /**
   * @param {string} id
   * @returns {Promise<Project>}
   */
  get(id) {
    return this.api.call(at(id));
  }

  /**
   * What holds for the whole video.
   * @param {Project} project
   * @param {{ title?: string, subject?: string, mood?: string, flavor?: string, voice?: string | null, styles?: Style[] | null, guidance?: number | null }} changes null: the flavor's own
   */
  edit(project, changes) {
    return this.#change(project, "PATCH", "", changes);
  }

  /** @param {Project} project what it published stays */
  close(project) {
    return this.#change(project, "DELETE", "");
  }

  /**
   * Another draft in place of the script.
   * @param {Project} project
   * @param {{ text?: string, archetype?: string, target_seconds?: number }} [idea]
   */
  draft(project, idea = {}) {
    return this.#change(project, "POST", "/draft", idea);
  }

  /**
   * A new scene behind number `after`; 0: first; left out: last.
   * @param {Project} project
   * @param {{ narration: string, visuals: string, on_screen_text?: string, beat?: string, after?: number }} scene
   */
  addScene(project, scene) {
    return this.#change(project, "POST", "/scenes", scene);
  }

  /**
   * Edit, mute, or replace the picture of one scene. A chart is given as a whole; null: none.
   * @param {Project} project
   * @param {number} number
   * @param {{ narration?: string, visuals?: string, on_screen_text?: string, muted?: boolean, chart?: Chart | null, footage?: FootageChoice | null, voice?: string | null }} changes
   */
  editScene(project, number, changes) {
    return this.#change(project, "PATCH", `/scenes/${number}`, changes);
  }

  /**
   * @param {Project} project
   * @param {number} number
   */
  removeScene(project, number) {
    return this.#change(project, "DELETE", `/scenes/${number}`);
  }

  /**
   * @param {Project} project
   * @param {number[]} order the numbers that the scenes have now
   */
  arrange(project, order) {
    return this.#change(project, "PUT", "/order", { order });
  }

  /**
   * The same scene, drawn differently. Styles and guidance are for generative models; null: those of the whole video.
   * @param {Project} project
   * @param {number} number
   * @param {{ seed?: number, model?: string, flavor?: string, styles?: Style[] | null, guidance?: number | null }} [take]
   */
  redoScene(project, number, take = {}) {
    return this.#change(project, "POST", `/scenes/${number}/redo`, take);
  }

  /** @param {Project} project the script may be rendered as it is */
  approve(project) {
    return this.#change(project, "POST", "/approve", {});
  }

  /** @param {Project} project only what was changed is made again; in place of a revision that is still being made */
  render(project) {
    return this.#change(project, "POST", "/render", {});
  }

  /**
   * Viewers see this revision from now on.
   * @param {Project} project
   * @param {number} revision
   */
  promote(project, revision) {
    return this.#change(project, "POST", `/revisions/${revision}/promote`, {});
  }

  /**
   * An image or a clip of one's own, to be used in scenes.
   * @param {File} file
   * @returns {Promise<Upload>}
   */
  upload(file) {
    const form = new FormData();
    form.append("file", file);
    return this.api.call("/v1/uploads", { method: "POST", body: form, timeoutMs: 120000 });
  }

  /**
   * @param {Project} project
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<Project>}
   */
  #change(project, method, path, body) {
    const headers = { "If-Match": `"${project.version}"`, ...(body ? { "Content-Type": "application/json" } : {}) };
    return this.api.call(at(project.project_id) + path, { method, headers, body: body ? JSON.stringify(body) : undefined });
  }
}

/** @param {string} id */
const at = (id) => `/v1/projects/${encodeURIComponent(id)}`;
