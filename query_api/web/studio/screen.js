/** The video: how far it is, its revisions, two of them side by side. */

import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { doing, steps } from "../live/stages.js";
import { clock } from "../feed/labels.js";
import { price } from "./words.js";

/**
 * @typedef {import("../client/types").Project} Project
 * @typedef {import("../client/types").ProjectRevision} ProjectRevision
 */

export class Screen {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {number[]} revisions that are shown: one, or two side by side */
    this.shown = [];
    this.newest = 0;
    this.players = h("div", { class: "players" });
    this.making = h("div", { class: "making", hidden: true, role: "status" });
    this.revisions = h("ol", { class: "revisions", "aria-label": "Revisions" });
    this.element = h("section", { class: "screen", "aria-label": "Video" }, this.making, this.players, this.revisions);
  }

  /** @param {Project} project */
  draw(project) {
    const played = project.revisions.filter((revision) => revision.card);
    const newest = Math.max(0, ...played.map((revision) => revision.revision));
    if (newest !== this.newest) {
      this.newest = newest;
      this.shown = newest ? [newest] : [];
    }
    this.making.hidden = project.status !== "rendering";
    if (!this.making.hidden && !this.making.children.length) this.progress({ stage: "moderation", fraction: 0 });
    if (this.making.hidden) this.making.replaceChildren();
    this.#drawPlayers(played);
    this.revisions.replaceChildren(...project.revisions.map((revision) => this.#row(revision, played.length > 1)));
  }

  /** @param {{ stage: string, fraction: number, revision?: number, preview?: string, scene_number?: number, scene_count?: number }} told */
  progress(told) {
    const percent = Math.round(told.fraction * 100);
    const done = h("div", { class: "done" });
    done.style.transform = `scaleX(${told.fraction})`;
    const kept = this.making.querySelector("img");
    const picture = told.preview ? h("img", { src: `data:image/jpeg;base64,${told.preview}`, alt: "" }) : kept;
    const ladder = steps(told.stage, false).map((step) => h("li", { class: step.state, "aria-current": step.state === "now" ? "step" : null }, step.text));
    this.making.replaceChildren(
      h("div", { class: "making-picture" }, picture || icon("spark")),
      h(
        "div",
        {},
        h("p", { class: "doing" }, `${told.revision && told.revision > 1 ? `Revision ${told.revision}: ` : ""}${doing(told)} · ${percent} %`),
        h("div", { class: "bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(percent) }, done),
        h("ol", { class: "ladder" }, ...ladder),
      ),
    );
  }

  /** @param {ProjectRevision[]} played */
  #drawPlayers(played) {
    const wanted = this.shown.map((number) => played.find((revision) => revision.revision === number)).filter((found) => !!found);
    const key = wanted.map((revision) => `${revision.revision}:${revision.card?.media.video}`).join();
    if (this.players.dataset.key === key && this.players.children.length) return;
    this.players.dataset.key = key;
    this.players.classList.toggle("pair", wanted.length > 1);
    this.players.replaceChildren(...(wanted.length ? wanted.map(player) : [empty()]));
    if (wanted.length > 1) together([...this.players.querySelectorAll("video")]);
  }

  /**
   * @param {ProjectRevision} revision
   * @param {boolean} comparable
   */
  #row(revision, comparable) {
    const { card } = revision;
    const shown = this.shown.includes(revision.revision);
    const facts = [card && clock(card.duration_ms), price(revision.cost), !card && ended(revision)].filter(Boolean).join(" · ");
    return h(
      "li",
      { class: shown ? "shown" : "" },
      h("button", { type: "button", class: "watch", disabled: !card, "aria-pressed": String(shown), onclick: () => this.#show([revision.revision]) }, `Revision ${revision.revision}`),
      h("span", { class: "facts" }, facts),
      revision.live && h("span", { class: "live" }, "in the feed"),
      card && h(
        "div",
        { class: "row-actions" },
        comparable && !shown && h("button", { type: "button", class: "small-plain", onclick: () => this.#show([revision.revision, this.shown[0]].sort((a, b) => a - b)) }, "Compare"),
        !revision.live && h("button", { type: "button", class: "small-plain", onclick: () => this.#promote(revision) }, "Show to viewers"),
        h("a", { class: "small-plain", href: card.media.video, download: `${card.title} ${revision.revision}.mp4`, "aria-label": `Download revision ${revision.revision}` }, icon("save")),
      ),
    );
  }

  /** @param {number[]} revisions */
  #show(revisions) {
    this.shown = revisions;
    if (this.desk.project) this.draw(this.desk.project);
  }

  /** @param {ProjectRevision} revision */
  async #promote({ revision }) {
    if (!(await this.desk.change((projects, project) => projects.promote(project, revision)))) return;
    await this.desk.until((project) => project.revisions.some((one) => one.live && one.revision === revision));
  }
}

/** @param {ProjectRevision} revision */
const ended = ({ status, overtaken_by, reason }) =>
  overtaken_by ? `replaced by revision ${overtaken_by}` : status === "dropped" && reason ? `dropped: ${reason}` : status;

/** @param {ProjectRevision} revision */
function player({ revision, card }) {
  const video = h("video", { src: card?.media.video, poster: card?.media.cover, controls: true, playsInline: true, preload: "metadata", "aria-label": `Revision ${revision}` });
  video.style.aspectRatio = `${card?.width} / ${card?.height}`;
  return h("figure", {}, video, h("figcaption", {}, `Revision ${revision}`));
}

const empty = () => h("div", { class: "no-video" }, h("div", { class: "orb" }), h("p", {}, "The video appears here once it is rendered."));

/**
 * What one player does, the other does too.
 * @param {HTMLVideoElement[]} videos
 */
function together([one, other]) {
  other.muted = true;
  other.controls = false;
  const follow = () => Math.abs(other.currentTime - one.currentTime) > 0.15 && (other.currentTime = one.currentTime);
  one.addEventListener("play", () => (follow(), other.play()));
  one.addEventListener("pause", () => (other.pause(), follow()));
  one.addEventListener("seeking", follow);
  one.addEventListener("timeupdate", follow);
}
