/**
 * The connection to the gateway: says hello, resumes with the newest token, comes back with jittered waiting times.
 *
 * Events: "frame" (detail: a frame), "state" (detail: {state, retryAt}), "resync".
 */

import { Backoff } from "../ui/backoff.js";
import { access, renew } from "../ui/session.js";

/** Close codes that say that the token is not taken any more. */
const STRANGER = [4005, 4006];

/** @typedef {"connecting" | "live" | "delayed" | "offline"} State */

export class Socket extends EventTarget {
  /**
   * @param {() => Promise<string>} address
   * @param {string} viewer
   */
  constructor(address, viewer) {
    super();
    this.address = address;
    this.viewer = viewer;
    this.backoff = new Backoff();
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {string | undefined} */
    this.token = undefined;
    /** @type {Set<string>} videos whose progress is wanted */
    this.videos = new Set();
    this.lobby = false;
    /** @type {State} */
    this.state = "connecting";
    this.silenceMs = 25000;
    this.timer = this.watchdog = 0;
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.socket?.close());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  async open() {
    clearTimeout(this.timer);
    this.#become("connecting");
    try {
      const socket = new WebSocket(await this.address());
      this.socket = socket;
      this.#alive(10000);
      socket.onopen = () => this.#hello();
      socket.onmessage = (event) => this.#hear(event.data);
      socket.onclose = async ({ code }) => {
        if (STRANGER.includes(code)) await renew(true);
        this.#lost(socket);
      };
    } catch {
      this.#lost(this.socket);
    }
  }

  /** @param {string} id */
  watch(id) {
    this.videos.add(id);
    this.#send({ type: "watch", video_id: id });
  }

  /** @param {string} id */
  unwatch(id) {
    if (this.videos.delete(id)) this.#send({ type: "unwatch", video_id: id });
  }

  /** @param {boolean} on */
  enterLobby(on) {
    if (this.lobby === on) return;
    this.lobby = on;
    this.#send({ type: "lobby", on });
  }

  #hello() {
    const { viewer, token, lobby } = this;
    const who = access() ? { access: access() } : { viewer_id: viewer };
    this.#send({ type: "hello", ...who, resume: token, videos: [...this.videos].slice(-32), lobby });
  }

  /** @param {object} message */
  #send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {string} data */
  #hear(data) {
    this.#alive(this.silenceMs);
    const content = JSON.parse(data);
    for (const frame of Array.isArray(content) ? content : [content]) {
      if (frame.token) this.token = frame.token;
      this.#take(frame);
    }
  }

  /** @param {any} frame */
  #take(frame) {
    if (frame.type === "welcome") {
      this.backoff.reset();
      this.silenceMs = frame.beat_s * 2500;
    }
    if ("live" in frame) this.#become(frame.live ? "live" : "delayed");
    if (frame.type === "resync") this.dispatchEvent(new Event("resync"));
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  /** @param {WebSocket | null} socket */
  #lost(socket) {
    if (socket !== this.socket) return;
    clearTimeout(this.watchdog);
    this.socket = null;
    const wait = this.backoff.next();
    this.#become("offline", Date.now() + wait);
    this.timer = setTimeout(() => this.open(), wait);
  }

  /** Somebody is looking again, or the network is back: do not wait any longer. */
  #hurry() {
    if (this.state === "offline") this.open();
  }

  /**
   * A connection that says nothing for this long is dead, though nobody closed it.
   * @param {number} ms
   */
  #alive(ms) {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      const socket = this.socket;
      socket?.close();
      this.#lost(socket);
    }, ms);
  }

  /**
   * @param {State} state
   * @param {number} [retryAt]
   */
  #become(state, retryAt = 0) {
    // While it tries again the badge goes on saying that the server is away.
    if (state === "connecting" && this.backoff.tries > 0) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, retryAt } }));
  }
}
