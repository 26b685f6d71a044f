/** All of the page that the first picture does not need: what is being made, what is new, what stands beside. */

import { install } from "./feed/shelf.js";
import { report } from "./feed/report.js";
import { Badge } from "./live/badge.js";
import { jobCard } from "./make/job.js";
import { Jobs } from "./make/jobs.js";
import { Lobby } from "./make/lobby.js";
import { Sheet } from "./make/sheet.js";
import { drawAbout, drawNext } from "./ui/about.js";
import { byId, h } from "./ui/dom.js";
import { icon } from "./ui/icons.js";
import { share } from "./ui/links.js";
import { toast } from "./ui/toasts.js";

/** @typedef {import("./client/types").VideoCard} Card */

/**
 * Put it around the player.
 * @param {import("./feed/feed.js").Feed} feed
 * @param {import("./client/stream.js").Stream} socket
 * @param {unknown[]} heard frames that came before
 */
export function furnish(feed, socket, heard) {
  const jobs = new Jobs(socket);
  const sheet = new Sheet(jobs, (card) => feed.show(card));
  const lobby = new Lobby(socket, () => sheet.open());
  const badge = new Badge(socket);
  const arrived = (/** @type {Card | null} */ card) => (lobby.show(!feed.list.items.length), drawAbout(card), jobs.follow(card));
  const listed = () => drawNext(feed.list.window(0, 5).slice(1), (card) => feed.show(card));
  const troubled = (/** @type {string | null} */ text) => (lobby.say(text), badge.feed(text));

  on(socket, "frame", (frame) => hear(frame, feed, jobs, sheet));
  on(jobs, "change", () => drawJobs(feed, jobs));
  on(feed, "current", arrived);
  on(feed, "news", () => drawNews(feed));
  on(feed, "trouble", troubled);
  on(feed, "list", listed);
  byId("pill").addEventListener("click", () => feed.showNews());
  feed.slides.ending(h("div", { class: "orb" }), h("h2", {}, "That is all for now"), h("p", {}, "More is being made for you. It appears here by itself."));

  install();
  arrived(feed.list.current);
  listed();
  troubled(feed.trouble);
  drawJobs(feed, jobs);
  for (const detail of heard) socket.dispatchEvent(new CustomEvent("frame", { detail }));
  return {
    sheet,
    share: (/** @type {Card} */ card) => share(card).then((done) => done && feed.tell(card, "shared")),
    report: (/** @type {Card} */ card) => report(card, () => feed.step(1)),
  };
}

/**
 * @param {EventTarget} source
 * @param {string} name
 * @param {(detail: any) => void} act
 */
const on = (source, name, act) => source.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));

/**
 * @param {any} frame
 * @param {import("./feed/feed.js").Feed} feed
 * @param {Jobs} jobs
 * @param {Sheet} sheet
 */
function hear(frame, feed, jobs, sheet) {
  const own = jobs.jobs.some((job) => job.id === frame.video_id);
  if (frame.type === "video") feed.offer(withReason(frame.card, own ? "you" : frame.audience), own ? "you" : frame.audience);
  if (frame.type === "video" && own && !sheet.dialog.open) toast(`“${frame.card.title}” is ready.`);
  if (frame.type === "withdrawn") feed.withdraw(frame.video_id, frame.revision);
}

/**
 * The feed says why a video is shown; a push says for whom it was made.
 * @param {Card} card
 * @param {string} audience
 * @returns {Card}
 */
const withReason = (card, audience) => ({ ...card, reason: card.reason || (audience === "you" ? "made_for_you" : "fresh") });

/** @param {import("./feed/feed.js").Feed} feed */
function drawNews(feed) {
  const [pill, count] = [byId("pill"), feed.list.news.size];
  pill.hidden = !count;
  pill.replaceChildren(icon("spark"), count === 1 ? "1 new video" : `${count} new videos`);
}

/**
 * @param {import("./feed/feed.js").Feed} feed
 * @param {Jobs} jobs
 */
function drawJobs(feed, jobs) {
  const [make, making] = [byId("make"), jobs.making];
  const fraction = making.length ? making.reduce((sum, job) => sum + job.fraction, 0) / making.length : 0;
  make.classList.toggle("busy", making.length > 0);
  make.style.setProperty("--done", String(fraction));
  make.setAttribute("aria-label", making.length ? `Make a video; ${making.length} in the making` : "Make a video");
  const cards = jobs.jobs.slice(0, 4).map((job) =>
    jobCard(job, { onWatch: () => job.card && (feed.show(job.card), jobs.drop(job.id)), onDrop: () => jobs.drop(job.id) }),
  );
  byId("jobs-side").replaceChildren(...(cards.length ? [h("h2", {}, "Your videos"), ...cards] : []));
}
