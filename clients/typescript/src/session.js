/** Who watches: an anonymous token of this client's own, got on the first visit and renewed before it expires. */

/**
 * @typedef {import("./types").Kept} Kept
 * @typedef {import("./types").Memory} Memory
 */

const DAY_MS = 86400000;
/** A token is renewed so long before it expires, or when a quarter of its life is left. */
const RENEW_MS = 7 * DAY_MS;

/** Event: "token" (there is a newer one). */
export class Session extends EventTarget {
  /**
   * @param {string} baseUrl
   * @param {{ viewer?: string, token?: string, memory?: Memory }} options
   */
  constructor(baseUrl, { viewer, token, memory }) {
    super();
    this.baseUrl = baseUrl;
    this.memory = memory;
    /** A token that was given is never replaced by one of ours. */
    this.given = token;
    /** @type {Kept | null} */
    this.kept = token ? null : (memory?.load() ?? null);
    this.name = viewer ?? randomName();
    /** @type {Promise<void> | null} */
    this.renewing = null;
  }

  /** The viewer's name; without a token, one that this client chose. */
  get viewer() {
    return this.kept?.viewer ?? this.name;
  }

  /** @returns {string | undefined} the token */
  get access() {
    return this.given ?? this.kept?.token;
  }

  /** Who asks, for a request or a hello: whoever has a token need not, and may not, be somebody else. */
  get claim() {
    return this.access ? {} : { viewer_id: this.name };
  }

  /** @returns {Record<string, string>} what every request carries */
  get headers() {
    return this.access ? { Authorization: `Bearer ${this.access}` } : {};
  }

  /** Have a token that is good for a while. Without an answer it goes on with what it has. Whether one was asked for. */
  async signIn() {
    return this.dueMs <= 0 && (await this.renew());
  }

  /** Milliseconds until the token should be renewed; Infinity: it is not ours to renew. */
  get dueMs() {
    if (this.given) return Infinity;
    return this.kept ? (this.kept.due ?? this.kept.expires - RENEW_MS) - Date.now() : 0;
  }

  /**
   * Go on with this token of one's own, in place of the one that was given.
   * @param {string} token
   */
  use(token) {
    this.given = token;
    this.dispatchEvent(new Event("token"));
  }

  /**
   * Get another token; with `forget` because this one is not taken any more. False where that is not ours to do.
   * @param {boolean} [forget]
   */
  async renew(forget = false) {
    if (this.given) return false;
    if (forget && !this.renewing) this.kept = null;
    this.renewing ??= this.#ask().finally(() => (this.renewing = null));
    await this.renewing;
    return true;
  }

  async #ask() {
    // A name of before goes on where that is believed; elsewhere only its own token proves it.
    const tries = this.kept ? [{}] : [{ viewer_id: this.name }, {}];
    for (const body of tries) {
      const answer = await this.#post(body).catch(() => null);
      if (answer?.ok) return this.#keep(await answer.json());
      if (answer?.status === 401) this.kept = null;
      if (!answer || ![401, 403].includes(answer.status)) return;
    }
  }

  /** @param {object} body */
  #post(body) {
    return fetch(`${this.baseUrl}/v1/sessions`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...this.headers },
      signal: AbortSignal.timeout(5000),
    });
  }

  /** @param {{ token: string, viewer_id: string, expires_at: string }} made */
  #keep(made) {
    const expires = Date.parse(made.expires_at);
    const due = expires - Math.min(RENEW_MS, (expires - Date.now()) / 4);
    this.kept = { token: made.token, viewer: made.viewer_id, expires, due };
    this.memory?.save(this.kept);
    this.dispatchEvent(new Event("token"));
  }
}

/** A random name, also where the page is not a secure context (another machine's plain http). */
export function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
