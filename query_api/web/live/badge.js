/** The connection badge and the notice below it: they say plainly how things are. */

import { byId } from "../ui/dom.js";

/** @typedef {"connecting" | "live" | "delayed" | "offline"} State */

const TEXTS = { connecting: "Connecting", live: "Live", delayed: "Delayed", offline: "Offline" };
const LONG = {
  connecting: "Connecting to the server.",
  live: "New videos appear as soon as they are made.",
  delayed: "The event log is away. What you have plays on; new videos appear when it is back.",
  offline: "The server is away. What you have plays on.",
};

export class Badge {
  /** @param {import("../client/stream.js").Stream} socket */
  constructor(socket) {
    this.element = byId("badge");
    this.notice = byId("notice");
    this.text = /** @type {HTMLElement} */ (this.element.querySelector(".text"));
    /** @type {State} */
    this.state = socket.state;
    this.retryAt = 0;
    /** @type {string | null} */
    this.trouble = null;
    this.timer = 0;
    socket.addEventListener("state", (event) => {
      Object.assign(this, /** @type {CustomEvent} */ (event).detail);
      this.#draw();
    });
    this.#draw();
  }

  /**
   * More of the feed could not be fetched; null: it could.
   * @param {string | null} text
   */
  feed(text) {
    this.trouble = text;
    this.#draw();
  }

  #draw() {
    const shown = this.state === "live" && this.trouble ? "delayed" : this.state;
    this.element.dataset.state = shown;
    this.element.title = LONG[shown];
    if (this.text.textContent !== TEXTS[shown]) this.text.textContent = TEXTS[shown];
    clearInterval(this.timer);
    if (shown === "offline") this.timer = setInterval(() => this.#say(), 500);
    this.#say();
  }

  #say() {
    const text = this.#words();
    this.notice.hidden = !text;
    if (this.notice.textContent !== text) this.notice.textContent = text;
  }

  #words() {
    if (this.state === "delayed") return LONG.delayed;
    if (this.state !== "offline") return this.trouble ? `No more videos right now: ${this.trouble}` : "";
    const left = Math.max(0, Math.ceil((this.retryAt - Date.now()) / 1000));
    const who = navigator.onLine ? LONG.offline : "This device is offline.";
    return `${who} ${left ? `Trying again in ${left} s.` : "Trying again."}`;
  }
}
