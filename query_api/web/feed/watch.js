/** How long the current video has really been played. */
export class Watch {
  /** @param {() => number} now a steady clock in milliseconds */
  constructor(now = () => performance.now()) {
    this.now = now;
    this.total = 0;
    /** @type {number | null} */
    this.since = null;
  }

  run() {
    this.since ??= this.now();
  }

  rest() {
    if (this.since !== null) this.total += this.now() - this.since;
    this.since = null;
  }

  /** Ends the count: milliseconds played since the last end. */
  end() {
    this.rest();
    const total = Math.round(this.total);
    this.total = 0;
    return total;
  }
}

/**
 * What leaving a video after some time means. A glance is a skip: it says that the viewer did not want it.
 * @param {number} watchedMs
 * @param {number} durationMs
 */
export function verdict(watchedMs, durationMs) {
  const ratio = durationMs ? watchedMs / durationMs : 1;
  return watchedMs < 2000 && ratio < 0.15 ? "skipped" : "watched";
}
