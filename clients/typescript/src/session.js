/** Who watches: an anonymous token of this client's own, got on the first visit and renewed before it expires. */

/**
 * @typedef {import("./types").Kept} Kept
 * @typedef {import("./types").Memory} Memory
 */

const DAY_MS = 86400000;
const RENEW_MS = 7 * DAY_MS;

export class Session {
  /**
   * @param {string} baseUrl
   * @param {{ viewer?: string, token?: string, memory?: Memory }} options
   */
  constructor(baseUrl, { viewer, token, memory }) {
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

  /** Have a token that is good for a while. Without an answer it goes on with what it has. */
  async signIn() {
    if (this.given || (this.kept && this.kept.expires > Date.now() + RENEW_MS)) return;
    await this.renew();
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
    this.kept = { token: made.token, viewer: made.viewer_id, expires: Date.parse(made.expires_at) };
    this.memory?.save(this.kept);
  }
}

/** A random name, also where the page is not a secure context (another machine's plain http). */
export function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
