/** The HTTP API. Every error it answers with becomes an ApiError with a text for people. */

import { access, credentials, renew } from "./ui/session.js";

/** @typedef {import("./types.js").Card} Card */

export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status HTTP status; 0 when no answer came
   * @param {number} retryMs when the server said to come back
   */
  constructor(message, status, retryMs = 0) {
    super(message);
    this.status = status;
    this.retryMs = retryMs;
  }

  /** Whether the same request may work later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * @param {string} path
 * @param {RequestInit & { timeoutMs?: number }} [options]
 * @returns {Promise<any>}
 */
async function call(path, options = {}) {
  let response = await ask(path, options);
  if (response.status === 401) {
    await renew(true);
    response = await ask(path, options);
  }
  if (!response.ok) throw await explained(response);
  return response.status === 204 ? null : response.json().catch(() => null);
}

/**
 * @param {string} path
 * @param {RequestInit & { timeoutMs?: number }} options
 */
async function ask(path, { timeoutMs = 10000, headers, ...options }) {
  try {
    return await fetch(path, { signal: AbortSignal.timeout(timeoutMs), ...options, headers: { ...headers, ...credentials() } });
  } catch {
    throw new ApiError("The server is away.", 0);
  }
}

/**
 * Whoever has a token need not, and may not, be somebody else.
 * @param {Record<string, string>} named
 */
const named = (named) => (access() ? {} : named);

/**
 * The error of a problem document (RFC 9457).
 * @param {Response} response
 */
async function explained(response) {
  const problem = await response.json().catch(() => ({}));
  const first = Array.isArray(problem.errors) ? problem.errors[0] : null;
  const detail = typeof problem.detail === "string" ? problem.detail : first?.detail || first?.msg;
  const text = detail || problem.title || `The server answered ${response.status}.`;
  return new ApiError(text, response.status, Number(response.headers.get("Retry-After") || 0) * 1000);
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {RequestInit} [options]
 */
const post = (path, body, options = {}) =>
  call(path, {
    method: "POST",
    body: JSON.stringify(body),
    ...options,
    headers: { "Content-Type": "application/json", ...options.headers },
  });

export const api = {
  config: () => call("config.json"),

  /**
   * @param {string} viewer
   * @param {number} limit
   * @param {string | null} [cursor]
   * @returns {Promise<import("./types.js").FeedPage>}
   */
  feed: (viewer, limit, cursor) =>
    call(`/v1/feed?${new URLSearchParams({ ...named({ viewer }), limit: String(limit), ...(cursor ? { cursor } : {}) })}`),

  /** @param {string} id */
  video: (id) => call(`/v1/videos/${encodeURIComponent(id)}`),

  flavors: () => call("/v1/flavors"),

  /**
   * @param {{ text: string, flavor?: string, archetype?: string, viewer_id: string }} wanted
   * @param {string} key the same key never asks for a second video
   */
  prompt: ({ viewer_id, ...wanted }, key) => post("/v1/prompts", { ...wanted, ...named({ viewer_id }) }, { headers: { "Idempotency-Key": key } }),

  /**
   * @param {string} viewer_id
   * @param {import("./types.js").Swipe[]} swipes
   * @param {boolean} leaving the page is being closed: the browser sends it all the same
   */
  swipes: (viewer_id, swipes, leaving = false) => post("/v1/swipes", { ...named({ viewer_id }), swipes }, { keepalive: leaving }),
};
