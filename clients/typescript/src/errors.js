/** What can go wrong. */

/** The server said no (RFC 9457), or nothing at all: then `status` is 0. */
export class ApiError extends Error {
  /**
   * @param {string} message for people
   * @param {number} status HTTP status; 0 when no answer came
   * @param {number} retryMs when the server said to come back
   * @param {Record<string, any>} problem the problem document as it came
   */
  constructor(message, status, retryMs = 0, problem = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryMs = retryMs;
    this.problem = problem;
  }

  /** Whether the same request may work later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * The error of an answer that is no success.
 * @param {Response} response
 */
export async function explained(response) {
  const problem = await response.json().catch(() => ({}));
  const first = Array.isArray(problem.errors) ? problem.errors[0] : null;
  const detail = typeof problem.detail === "string" ? problem.detail : first?.detail || first?.msg;
  const text = detail || problem.title || `The server answered ${response.status}.`;
  return new ApiError(text, response.status, Number(response.headers.get("Retry-After") || 0) * 1000, problem);
}
