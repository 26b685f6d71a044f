/** Puts the player together; the rest of the page comes once it shows a picture. */

import { api } from "./api.js";
import { Backoff } from "./client/backoff.js";
import { Feed } from "./feed/feed.js";
import { known } from "./feed/start.js";
import { Swipes } from "./feed/swipes.js";
import { byId } from "./ui/dom.js";
import { followLink, showLink } from "./ui/links.js";
import { listenToKeys, listenToWheel } from "./ui/keys.js";

/** @typedef {import("./client/types").VideoCard} Card */

const socket = api.stream();
const feed = new Feed(new Swipes());
const [make, progress] = [byId("make"), byId("progress")];
const rest = feed.begun.then(furnished);
/** What is heard before the rest of the page is there. @type {unknown[]} */
const heard = [];
const hear = (/** @type {Event} */ event) => heard.push(/** @type {CustomEvent} */ (event).detail);

/** Without an answer, again: the network may have gone with the first picture. */
async function furnished() {
  for (const backoff = new Backoff(); ; await new Promise((done) => setTimeout(done, backoff.next()))) {
    const furnish = await import("./rest.js").then((module) => module.furnish, () => null);
    if (!furnish) continue;
    socket.removeEventListener("frame", hear);
    return furnish(feed, socket, heard);
  }
}

/** @param {Card | null} card */
function arrived(card) {
  progress.hidden = !card;
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
  else if (action === "make") rest.then(({ make }) => make());
  else feed.act(action);
}

/**
 * @param {string} name
 * @param {(card: any) => void} hear
 */
const on = (name, hear) => feed.addEventListener(name, (event) => hear(/** @type {CustomEvent} */ (event).detail));

on("current", arrived);
on("share", (card) => rest.then(({ share }) => share(card)));
on("report", (card) => rest.then(({ report }) => report(card)));
feed.stage.addEventListener("time", drawTime);
make.addEventListener("click", () => act("make"));
addEventListener("hashchange", () => followLink(feed));
listenToKeys(act);
listenToWheel((steps) => feed.step(steps));

socket.addEventListener("frame", hear);
socket.addEventListener("resync", () => feed.refresh());

await known;
// Before the feed is there: nothing may happen between the two.
socket.open();
await followLink(feed);
await feed.more();

export { feed, rest, socket };
