/** Puts the page together. */

import { api } from "./api.js";
import { Feed } from "./feed/feed.js";
import { install } from "./feed/shelf.js";
import { Swipes } from "./feed/swipes.js";
import { Badge } from "./live/badge.js";
import { jobCard } from "./make/job.js";
import { Jobs } from "./make/jobs.js";
import { Lobby } from "./make/lobby.js";
import { Sheet } from "./make/sheet.js";
import { drawAbout, drawNext } from "./ui/about.js";
import { byId, h } from "./ui/dom.js";
import { icon } from "./ui/icons.js";
import { followLink, share, showLink } from "./ui/links.js";
import { listenToKeys, listenToWheel } from "./ui/keys.js";
import { toast } from "./ui/toasts.js";

/** @typedef {import("./client/types").VideoCard} Card */

await api.signIn();
const socket = api.stream();
const feed = new Feed(new Swipes());
const jobs = new Jobs(socket);
const sheet = new Sheet(jobs, (card) => feed.show(card));
const lobby = new Lobby(socket, () => sheet.open());
const badge = new Badge(socket);
const [make, pill, progress] = [byId("make"), byId("pill"), byId("progress")];

/**
 * The feed says why a video is shown; a push says for whom it was made.
 * @param {Card} card
 * @param {string} audience
 * @returns {Card}
 */
const withReason = (card, audience) => ({ ...card, reason: card.reason || (audience === "you" ? "made_for_you" : "fresh") });

/** @param {any} frame */
function hear(frame) {
  const own = jobs.jobs.some((job) => job.id === frame.video_id);
  if (frame.type === "video") feed.offer(withReason(frame.card, own ? "you" : frame.audience), own ? "you" : frame.audience);
  if (frame.type === "video" && own && !sheet.dialog.open) toast(`“${frame.card.title}” is ready.`);
  if (frame.type === "withdrawn") feed.withdraw(frame.video_id, frame.revision);
}


function drawNews() {
  const count = feed.list.news.size;
  pill.hidden = !count;
  pill.replaceChildren(icon("spark"), count === 1 ? "1 new video" : `${count} new videos`);
}

function drawJobs() {
  const making = jobs.making;
  const fraction = making.length ? making.reduce((sum, job) => sum + job.fraction, 0) / making.length : 0;
  make.classList.toggle("busy", making.length > 0);
  make.style.setProperty("--done", String(fraction));
  make.setAttribute("aria-label", making.length ? `Make a video; ${making.length} in the making` : "Make a video");
  const cards = jobs.jobs.slice(0, 4).map((job) =>
    jobCard(job, { onWatch: () => job.card && (feed.show(job.card), jobs.drop(job.id)), onDrop: () => jobs.drop(job.id) }),
  );
  byId("jobs-side").replaceChildren(...(cards.length ? [h("h2", {}, "Your videos"), ...cards] : []));
}

/** @param {Card | null} card */
function arrived(card) {
  lobby.show(!feed.list.items.length);
  progress.hidden = !card;
  drawAbout(card);
  byId("said").textContent = card ? card.title : "";
  document.title = card ? `${card.title} · Swipestream` : "Swipestream";
  if (card) showLink(card);
}

function drawTime() {
  const element = feed.stage.element;
  if (!element || !element.duration) return;
  const share = element.currentTime / element.duration;
  /** @type {HTMLElement} */ (progress.firstElementChild).style.transform = `scaleX(${share})`;
  progress.setAttribute("aria-valuenow", String(Math.round(share * 100)));
}

/** @param {string} action */
function act(action) {
  if (action === "next") feed.step(1);
  else if (action === "previous") feed.step(-1);
  else if (action === "make") sheet.open();
  else feed.act(action);
}

/**
 * @param {EventTarget} source
 * @param {string} name
 * @param {(detail: any) => void} act
 */
const on = (source, name, act) => source.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));

on(socket, "frame", hear);
on(socket, "resync", () => feed.refresh());
on(jobs, "change", drawJobs);
on(feed, "current", arrived);
on(feed, "news", drawNews);
on(feed.stage, "time", drawTime);
on(feed, "share", (card) => share(card).then((done) => done && feed.tell(card, "shared")));
on(feed, "trouble", (text) => (lobby.say(text), badge.feed(text)));
on(feed, "list", () => drawNext(feed.list.window(0, 5).slice(1), (card) => feed.show(card)));
make.addEventListener("click", () => sheet.open());
pill.addEventListener("click", () => feed.showNews());
addEventListener("hashchange", () => followLink(feed));
listenToKeys(act);
listenToWheel((steps) => feed.step(steps));
feed.slides.ending(h("div", { class: "orb" }), h("h2", {}, "That is all for now"), h("p", {}, "More is being made for you. It appears here by itself."));

install();
drawJobs();
socket.open();
await followLink(feed);
await feed.more();
lobby.show(!feed.list.items.length);

export { badge, feed, socket };
