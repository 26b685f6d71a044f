/** The websocket: frames in their order, without gaps, over as many connections as it takes. */

import { Backoff } from "./backoff.js";

/**
 * @typedef {import("./types").GatewayFrame} GatewayFrame
 * @typedef {import("./types").StreamOptions} StreamOptions
 * @typedef {import("./types").StreamState} StreamState
 * @typedef {ReturnType<typeof setTimeout>} Timer
 */

/** Close codes after which the same hello must not be said again (docs/reference/gateway.md). */
const FINAL = [1009, 4000, 4002, 4004];
/** Close codes that say that the token is not taken any more. */
const STRANGER = [4005, 4006];
/** The gateway keeps the progress of so many videos for one client; a hello may name as many. */
const MOST_VIDEOS = 32;
const OPEN = 1;
/** A timer holds 24 days at most, and a renewal that failed is tried again after a while. */
const [LONGEST_MS, SHORTEST_MS] = [86400000, 60000];

/**
 * It resumes by itself with the newest token, with jittered waiting times.
 *
 * Events: "frame" (detail: a frame), "state" (detail: {state, retryAt}), "resync" (frames are missing: fetch the feed
 * again), "closed" (detail: {code, reason}: left, or the gateway will not have this client again).
 */
export class Stream extends EventTarget {
  /**
   * @param {() => Promise<string>} address
   * @param {import("./session.js").Session} session
   * @param {StreamOptions} [options]
   */
  constructor(address, session, { videos = [], resume, lobby = false, WebSocket: Socket = globalThis.WebSocket } = {}) {
    super();
    if (!Socket) throw new TypeError("There is no WebSocket here: give one, stream({ WebSocket }). Node.js has its own from 22 on.");
    this.Socket = Socket;
    this.address = address;
    this.session = session;
    this.backoff = new Backoff();
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {string | undefined} */
    this.token = resume;
    /** @type {Set<string>} videos whose progress is wanted */
    this.videos = new Set(videos);
    this.lobby = lobby;
    this.ended = false;
    /** @type {StreamState} */
    this.state = "connecting";
    this.silenceMs = 25000;
    /** @type {Timer | undefined} */
    this.timer = undefined;
    /** @type {Timer | undefined} */
    this.watchdog = undefined;
    /** @type {Timer | undefined} */
    this.renewal = undefined;
    /** Who said hello on this connection. */
    this.viewer = "";
    this.newer = () => this.#refresh();
    this.#listen();
  }

  /** Connect, and stay connected until `close`. */
  async open() {
    clearTimeout(this.timer);
    this.ended = false;
    this.session.addEventListener("token", this.newer);
    this.#become("connecting");
    try {
      const url = await this.address();
      if (!this.ended) this.#connect(new this.Socket(url));
    } catch {
      this.#lost(this.socket);
    }
  }

  /** Leave for good. */
  close() {
    const socket = this.socket;
    this.socket = null;
    this.#end({ code: 1000, reason: "" });
    socket?.close();
  }

  /**
   * Frames one by one; leaving the loop closes the stream.
   * @returns {AsyncGenerator<GatewayFrame>}
   */
  async *[Symbol.asyncIterator]() {
    /** @type {GatewayFrame[]} */
    const waiting = [];
    let wake = () => {};
    const heard = (/** @type {Event} */ event) => (waiting.push(/** @type {CustomEvent} */ (event).detail), wake());
    const ended = () => wake();
    this.addEventListener("frame", heard);
    this.addEventListener("closed", ended);
    try {
      if (!this.socket) this.open();
      while (!this.ended || waiting.length) {
        if (waiting.length) yield /** @type {GatewayFrame} */ (waiting.shift());
        else await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
    } finally {
      this.removeEventListener("frame", heard);
      this.removeEventListener("closed", ended);
      this.close();
    }
  }

  /**
   * Tell the progress of this video too.
   * @param {string} id
   */
  watch(id) {
    this.videos.add(id);
    this.#send({ type: "watch", video_id: id });
  }

  /** @param {string} id */
  unwatch(id) {
    if (this.videos.delete(id)) this.#send({ type: "unwatch", video_id: id });
  }

  /**
   * Tell the progress of the starter videos, and of what is made ahead for others: while there is little to play.
   * @param {boolean} on
   */
  enterLobby(on) {
    if (this.lobby === on) return;
    this.lobby = on;
    this.#send({ type: "lobby", on });
  }

  /** In a browser: be back as soon as the network is, or somebody looks again. */
  #listen() {
    if (typeof document === "undefined") return;
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.socket?.close());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  /** @param {WebSocket} socket */
  #connect(socket) {
    this.socket = socket;
    this.#alive(10000);
    socket.onopen = () => this.#hello();
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = (how) => this.#closed(socket, how);
  }

  #hello() {
    const { session, token, lobby } = this;
    const who = session.access ? { access: session.access } : session.claim;
    this.viewer = session.viewer;
    this.#send({ type: "hello", ...who, resume: token, videos: [...this.videos].slice(-MOST_VIDEOS), lobby });
    this.#renewLater(session.kept ? session.dueMs : Infinity);
  }

  /** @param {number} ms until the token of the session is to be renewed */
  #renewLater(ms) {
    clearTimeout(this.renewal);
    if (ms !== Infinity) this.renewal = setTimeout(() => this.#renew(), Math.min(Math.max(ms, 0), LONGEST_MS));
  }

  async #renew() {
    const asked = await this.session.signIn();
    // Timers may be a little early, and one that was cut off is: only what was asked for, and is due still, has failed.
    if (!this.ended) this.#renewLater(asked && this.session.dueMs <= 0 ? SHORTEST_MS : this.session.dueMs);
  }

  /** The session has a newer token: say so before the gateway closes for the old one. Another viewer says hello anew. */
  #refresh() {
    if (this.session.viewer === this.viewer) this.#send({ type: "refresh", access: this.session.access });
    else if (this.socket?.readyState === OPEN) this.socket.close();
  }

  /** @param {object} message */
  #send(message) {
    if (this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {string} data */
  #hear(data) {
    const content = JSON.parse(data);
    for (const frame of Array.isArray(content) ? content : [content]) {
      if (frame.token) this.token = frame.token;
      this.#take(frame);
    }
    if (this.socket) this.#alive(this.silenceMs);
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

  /**
   * @param {WebSocket} socket
   * @param {{ code: number, reason: string }} how
   */
  async #closed(socket, how) {
    const stranger = STRANGER.includes(how.code);
    const final = FINAL.includes(how.code) || (stranger && !(await this.session.renew(true)));
    if (socket !== this.socket || !final) return this.#lost(socket);
    this.socket = null;
    this.#end(how);
  }

  /** @param {{ code: number, reason: string }} how */
  #end({ code, reason }) {
    clearTimeout(this.watchdog);
    clearTimeout(this.timer);
    clearTimeout(this.renewal);
    this.session.removeEventListener("token", this.newer);
    if (this.ended) return;
    this.ended = true;
    this.#become("offline");
    this.dispatchEvent(new CustomEvent("closed", { detail: { code, reason } }));
  }

  /** @param {WebSocket | null} socket */
  #lost(socket) {
    if (this.ended || socket !== this.socket) return;
    clearTimeout(this.watchdog);
    this.socket = null;
    const wait = this.backoff.next();
    this.#become("offline", Date.now() + wait);
    this.timer = setTimeout(() => this.open(), wait);
  }

  /** Do not wait any longer. */
  #hurry() {
    if (this.state === "offline" && !this.ended) this.open();
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
   * @param {StreamState} state
   * @param {number} [retryAt] milliseconds since the epoch
   */
  #become(state, retryAt = 0) {
    // While it tries again the badge goes on saying that the server is away.
    if (state === "connecting" && this.backoff.tries > 0) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, retryAt } }));
  }
}
