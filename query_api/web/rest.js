/** All of the page that the first picture does not need: what is being made, what is new, what stands beside. */

import { install } from "./feed/shelf.js";
import { AHEAD } from "./feed/stage.js";
import { Badge } from "./live/badge.js";
import { Jobs } from "./make/jobs.js";
import { drawAbout, drawNext } from "./ui/about.js";
import { byId, h } from "./ui/dom.js";
import { icon } from "./ui/icons.js";
import { share } from "./ui/links.js";
import { toast } from "./ui/toasts.js";

/** @typedef {import("./client/types").VideoCard} Card */

/** What only those need who ask for a video, report one, or come to an empty feed. */
const cards = part(() => import("./make/job.js"));
const reports = part(() => import("./feed/report.js"));

/**
 * Put it around the player.
 * @param {import("./feed/feed.js").Feed} feed
 * @param {import("./client/stream.js").Stream} socket
 * @param {unknown[]} heard frames that came before
 */
export function furnish(feed, socket, heard) {
  const jobs = new Jobs(socket);
  const sheet = part(() => import("./make/sheet.js").then(({ Sheet }) => new Sheet(jobs, (card) => feed.show(card))));
  const make = () => use(sheet, (it) => it.open());
  const lobby = part(() => import("./make/lobby.js").then(({ Lobby }) => new Lobby(socket, make)));
  const badge = new Badge(socket);
  const staged = () => stage(feed, lobby, socket);
  const arrived = (/** @type {Card | null} */ card) => (staged(), drawAbout(card), jobs.follow(card));
  const listed = () => (staged(), drawNext(feed.list.window(0, 5).slice(1), (card) => feed.show(card)));
  const troubled = (/** @type {string | null} */ text) => (staged(), badge.feed(text));

  on(socket, "frame", (frame) => hear(frame, feed, jobs));
  on(jobs, "change", () => drawJobs(feed, jobs));
  on(feed, "current", arrived);
  on(feed, "news", () => drawNews(feed));
  on(feed, "trouble", troubled);
  on(feed, "list", listed);
  byId("pill").addEventListener("click", () => feed.showNews());
  byId("make").addEventListener("pointerenter", sheet.load, { once: true });
  feed.slides.ending(h("div", { class: "orb" }), h("h2", {}, "That is all for now"), h("p", {}, "More is being made for you. It appears here by itself."));

  install();
  arrived(feed.list.current);
  listed();
  troubled(feed.trouble);
  drawJobs(feed, jobs);
  for (const detail of heard) socket.dispatchEvent(new CustomEvent("frame", { detail }));
  return {
    make,
    share: (/** @type {Card} */ card) => share(card).then((done) => done && feed.tell(card, "shared")),
    report: (/** @type {Card} */ card) => use(reports, ({ report }) => report(card, () => feed.step(1))),
  };
}

/**
 * A part of the page that is fetched when it is first asked for. Where it does not come, it is fetched again the next time.
 * @template T
 * @param {() => Promise<T>} fetched
 */
function part(fetched) {
  /** @type {Promise<T | null> | null} */
  let made = null;
  const load = () => (made ??= fetched().catch(() => (made = null)));
  return { load, asked: () => Boolean(made) };
}

/**
 * Do something with a part that the viewer has asked for.
 * @template T
 * @param {{ load: () => Promise<T | null> }} wanted
 * @param {(it: T) => void} act
 */
async function use(wanted, act) {
  const it = await wanted.load();
  if (it) act(it);
  else toast("This needs the server, which is away.", "error");
}

/**
 * The empty stage while there is nothing to play; in the lobby, where one hears of what is made for others, while few
 * videos are left.
 * @param {import("./feed/feed.js").Feed} feed
 * @param {ReturnType<typeof part<import("./make/lobby.js").Lobby>>} lobby
 * @param {import("./client/stream.js").Stream} socket
 */
async function stage(feed, lobby, socket) {
  if (!feed.list.items.length || lobby.asked()) {
    const shown = await lobby.load();
    shown?.say(feed.trouble);
    shown?.show(!feed.list.items.length);
  }
  // Last: what is being made is told at once, and the stage is there to hear it.
  socket.enterLobby(feed.list.ahead < AHEAD);
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
 */
function hear(frame, feed, jobs) {
  const own = jobs.jobs.some((job) => job.id === frame.video_id);
  if (frame.type === "video") feed.offer(withReason(frame.card, own ? "you" : frame.audience), own ? "you" : frame.audience);
  if (frame.type === "video" && own && !byId("sheet").hasAttribute("open")) toast(`“${frame.card.title}” is ready.`);
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
async function drawJobs(feed, jobs) {
  const [make, making, side] = [byId("make"), jobs.making, byId("jobs-side")];
  const fraction = making.length ? making.reduce((sum, job) => sum + job.fraction, 0) / making.length : 0;
  make.classList.toggle("busy", making.length > 0);
  make.style.setProperty("--done", String(fraction));
  make.setAttribute("aria-label", making.length ? `Make a video; ${making.length} in the making` : "Make a video");
  const drawn = jobs.jobs.length ? await cards.load() : null;
  const can = (/** @type {import("./make/jobs.js").Job} */ job) => ({
    onWatch: () => job.card && (feed.show(job.card), jobs.drop(job.id)),
    onDrop: () => jobs.drop(job.id),
  });
  const shown = drawn ? jobs.jobs.slice(0, 4).map((job) => drawn.jobCard(job, can(job))) : [];
  side.replaceChildren(...(shown.length ? [h("h2", {}, "Your videos"), ...shown] : []));
}
