/** The connection badge: says plainly how things are. */

import { byId } from "../ui/dom.js";

const TEXTS = { connecting: "Connecting", live: "Live", delayed: "Delayed", offline: "Offline" };
const LONG = {
  connecting: "Connecting to the server.",
  live: "New videos appear as soon as they are made.",
  delayed: "The event log is away. What you have plays on; new videos appear when it is back.",
  offline: "The server is away. What you have plays on.",
};

export class Badge {
  /** @param {EventTarget} socket */
  constructor(socket) {
    this.element = byId("badge");
    this.notice = byId("notice");
    this.timer = 0;
    this.since = 0;
    socket.addEventListener("state", (event) => this.show(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {{ state: keyof typeof TEXTS, retryAt: number }} detail */
  show({ state, retryAt }) {
    const text = /** @type {HTMLElement} */ (this.element.querySelector(".text"));
    this.element.dataset.state = state;
    this.element.title = LONG[state];
    text.textContent = TEXTS[state];
    clearInterval(this.timer);
    const bad = state === "offline" || state === "delayed";
    this.notice.hidden = !bad;
    if (state === "delayed") this.notice.textContent = LONG.delayed;
    if (state === "offline") this.#count(retryAt);
  }

  /** @param {number} retryAt */
  #count(retryAt) {
    const tell = () => {
      const left = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
      const when = left ? `Trying again in ${left} s.` : "Trying again.";
      const text = navigator.onLine ? `${LONG.offline} ${when}` : `This device is offline. ${when}`;
      if (this.notice.textContent !== text) this.notice.textContent = text;
    };
    tell();
    this.timer = setInterval(tell, 500);
  }
}
